/** What can stand in the place of a file, and is none. */
import { execFileSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'

const BIND = 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'

export const irregularFiles: readonly (readonly [name: string, make: (path: string) => void])[] = [
  ['a FIFO', (path) => execFileSync('mkfifo', [path])],
  ['a socket', (path) => execFileSync('python3', ['-c', BIND, path])],
  ['a link to a device that never ends', (path) => symlinkSync('/dev/zero', path)],
  ['a link to itself', (path) => symlinkSync(path, path)],
  ['a link to nothing', (path) => symlinkSync(`${path}-nothing`, path)],
]
