import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { fileStoragePath } from '../../src/stores/file-storage-path.ts'

const folder = mkdtempSync(join(tmpdir(), 'storage-path-'))
const noFolder = join(folder, 'file')
writeFileSync(noFolder, '')
afterAll(() => rmSync(folder, { recursive: true }))

describe('the folder of session files', () => {
  test('is SESSION_FILE_PATH where that is a folder, and refused where not, before any request', () => {
    expect(fileStoragePath(folder)).toBe(folder)
    const SESSION_ENGINE = 'django.contrib.sessions.backends.file'
    for (const SESSION_FILE_PATH of [join(folder, 'missing'), noFolder]) {
      const settings = { SECRET_KEY: 'a secret of the site', DEBUG: true, SESSION_ENGINE, SESSION_FILE_PATH }
      expect(() => createBridge(settings)).toThrow(/SESSION_FILE_PATH: .* does not exist or is not a directory/)
    }
  })

  const python = pythonOnThisMachine()
  const environments: Record<string, string>[] = [
    {},
    { TMPDIR: folder },
    { TEMP: folder },
    { TMP: folder },
    { TMPDIR: join(folder, 'missing'), TMP: folder },
    { TMPDIR: noFolder, TEMP: folder },
    { TMPDIR: '', TEMP: folder },
    { TMPDIR: `${folder}/../${folder.split('/').at(-1)}` },
  ]
  test.runIf(python !== null).each(environments)(
    'is else the temporary folder that Python finds: %j',
    (environment) => {
      const program = 'import tempfile; print(tempfile.gettempdir(), end="")'
      const found = execFileSync(python ?? '', ['-c', program], { encoding: 'utf8', env: environment })
      expect(fileStoragePath(null, environment)).toBe(found)
    },
  )
})

function pythonOnThisMachine(): string | null {
  try {
    return execFileSync('python3', ['-c', 'import sys; print(sys.executable, end="")'], { encoding: 'utf8' })
  } catch {
    return null
  }
}
