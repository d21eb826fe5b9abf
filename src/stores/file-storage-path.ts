/** The folder of the session files. Mirrors _get_storage_path of django/contrib/sessions/backends/file.py. */
import { accessSync, constants, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { SettingsError } from '../errors.ts'

type Environment = Readonly<Record<string, string | undefined>>

/**
 * @param setting SESSION_FILE_PATH; null for the system's temporary folder as Python finds it
 * @throws SettingsError when it is no folder
 */
export function fileStoragePath(setting: string | null, env: Environment = process.env): string {
  const folder = setting ?? pythonTemporaryFolder(env)
  if (isFolder(folder)) return folder
  const which = setting === null ? 'SESSION_FILE_PATH is not set, and' : 'SESSION_FILE_PATH:'
  throw new SettingsError(
    `${which} ${folder} does not exist or is not a directory: create it, or give the one that Django uses.`,
  )
}

/** @see Python's tempfile.py _candidate_tempdir_list, gettempdir */
function pythonTemporaryFolder(env: Environment): string {
  const named = ['TMPDIR', 'TEMP', 'TMP'].map((name) => env[name]).filter((folder) => folder)
  const usual =
    process.platform === 'win32'
      ? [
          join(homedir(), 'AppData\\Local\\Temp'),
          join(env.SYSTEMROOT ?? 'C:\\Windows', 'Temp'),
          ...['C:\\temp', 'C:\\tmp', '\\temp', '\\tmp'],
        ]
      : ['/tmp', '/var/tmp', '/usr/tmp']
  const candidates = [...named, ...usual, process.cwd()].map((folder) => resolve(folder ?? ''))
  return candidates.find(isWritable) ?? process.cwd()
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return isFolder(folder)
  } catch {
    return false
  }
}
