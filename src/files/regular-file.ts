/**
 * A file of a folder that others may write to, read without ever waiting for what else can stand there: a link is not
 * followed, a FIFO's writer not waited for, and no more is read than was asked for.
 */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { codeOf } from './file-faults.ts'

/** Windows has only the first. */
const AS_IT_STANDS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

/** What systems say of a link, and of a socket or a device without a driver. */
const IRREGULAR = new Set(['ELOOP', 'EMLINK', 'ENXIO', 'ENODEV', 'EOPNOTSUPP'])

/** Null for what is there and cannot be opened as a file. What was opened may still be a FIFO, a device or a folder. */
export async function openAsItStands(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, AS_IT_STANDS)
  } catch (error) {
    if (IRREGULAR.has(codeOf(error))) return null
    throw error
  }
}

/** Null where there are more bytes, also when they are written while it reads. @param size as the file has it now */
export async function readAtMost(file: FileHandle, size: number, mostBytes: number): Promise<Buffer | null> {
  if (size > mostBytes) return null
  let bytes = Buffer.alloc(size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(bytes, length, bytes.length - length, length)
    if (bytesRead === 0) return bytes.subarray(0, length)
    length += bytesRead
    if (length > mostBytes) return null
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(2 * length, mostBytes + 1))
  }
}
