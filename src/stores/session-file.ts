/** One session file as it stands in its place. */
import { readStandingFile, type StandingFile } from '../files/standing-file.ts'

export interface SessionFile extends Pick<StandingFile, 'modified' | 'identity' | 'isRegular'> {
  /** Its bytes as latin-1; null where they are more than a session may have, and of what is no regular file. */
  readonly text: string | null
}

/** Null where there is no file; a folder is none. */
export async function readSessionFile(path: string, mostBytes: number): Promise<SessionFile | null> {
  const found = await readStandingFile(path, mostBytes)
  if (found === null) return null
  const { bytes: _, ...looks } = found
  return { text: textOf(found), ...looks }
}

export function textOf({ bytes }: StandingFile): string | null {
  return bytes === null ? null : bytes.toString('latin1')
}
