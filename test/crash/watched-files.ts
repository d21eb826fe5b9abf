/** The calls of the file system that concern files in one folder, each watched before, in and after. */
import { syncBuiltinESMExports } from 'node:module'

export interface FileWatch {
  before(): void
  /** Called with the first half of a file in its place, the second not yet written. */
  midway(): void
  after(call: string): void
}

type Call = (...given: never[]) => unknown
interface Handle {
  writeFile: (bytes: Uint8Array) => Promise<void>
  [name: string]: unknown
}

const PROMISED = ['open', 'rename', 'stat', 'unlink', 'utimes'] as const
const SYNCHRONOUS = ['renameSync', 'statSync'] as const
const OF_HANDLES = ['stat', 'readFile', 'utimes', 'close'] as const

export function watchFiles(folder: string, watch: FileWatch): void {
  const fs = process.getBuiltinModule('node:fs')
  const concerns = (path: unknown): boolean => typeof path === 'string' && path.startsWith(`${folder}/`)

  const watched = (name: string, call: Call): Call =>
    ((...given: never[]) => {
      watch.before()
      const result = call(...given)
      if (!(result instanceof Promise)) {
        watch.after(name)
        return result
      }
      return result.then((value: unknown) => {
        watch.after(name)
        return name === 'open' ? handleOf(value as Handle) : value
      })
    }) as Call

  const handleOf = (handle: Handle): Handle => {
    for (const name of OF_HANDLES) handle[name] = watched(name, (handle[name] as Call).bind(handle) as Call)
    const write = handle.writeFile.bind(handle)
    handle.writeFile = watched('write', (async (bytes: Uint8Array) => {
      const half = bytes.length >> 1
      await write(bytes.subarray(0, half))
      watch.midway()
      await write(bytes.subarray(half))
    }) as Call) as Handle['writeFile']
    return handle
  }

  const replace = (module: object, names: readonly string[]): void => {
    for (const name of names) {
      const real = Reflect.get(module, name) as Call
      const own = watched(name, real)
      Reflect.set(module, name, (...given: never[]) => (concerns(given[0]) ? own(...given) : real(...given)))
    }
  }
  replace(fs.promises, PROMISED)
  replace(fs, SYNCHRONOUS)
  syncBuiltinESMExports()
}

/** What a careless store does to change a key: the new file first, then the end of the old one. */
export function linkInsteadOfMoving(folder: string): void {
  const fs = process.getBuiltinModule('node:fs')
  const { rename } = fs.promises
  let old: string | undefined
  fs.renameSync = (from, to) => {
    if (String(from).startsWith(folder)) old = String(from)
    fs.copyFileSync(from as string, to as string)
  }
  fs.promises.rename = async (from, to) => {
    await rename(from, to)
    if (old !== undefined) await fs.promises.unlink(old)
  }
  syncBuiltinESMExports()
}
