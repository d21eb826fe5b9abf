/** What is in a folder, name by name. */
import { opendir } from 'node:fs/promises'
import type { Deadline } from '../deadline.ts'
import { callFiles, ignored } from './file-calls.ts'

/** @param begin starts the deadline of one call */
export async function* namesIn(folder: string, begin: () => Deadline): AsyncGenerator<string> {
  const entries = await callFiles(begin(), () => opendir(folder))
  try {
    for (;;) {
      const entry = await callFiles(begin(), () => entries.read())
      if (entry === null) return
      yield entry.name
    }
  } finally {
    await entries.close().catch(ignored)
  }
}
