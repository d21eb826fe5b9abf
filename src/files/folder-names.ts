/** The regular files of a folder, name by name: no links, FIFOs, sockets, devices or folders. */
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
      if (entry.isFile()) yield entry.name
    }
  } finally {
    await entries.close().catch(ignored)
  }
}
