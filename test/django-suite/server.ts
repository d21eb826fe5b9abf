/**
 * Answers the questions of Django's own tests with this library: one JSON object a line, in and out.
 *
 *     node test/django-suite/server.ts [--answer null|error]
 *
 * With `--answer` it does nothing and answers null, or an error, to everything: what still passes then tells nothing.
 * @see python-fixtures/django_suite/README.md
 */
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { SettingsError } from '../../src/errors.ts'
import { JWT_FUNCTIONS } from './jwt.ts'
import { StoreHandle } from './sessions.ts'
import { FUNCTIONS, refusalOf, SignerHandle } from './signing.ts'
import { Site } from './site.ts'
import { fromPython, Refusal, toPython } from './values.ts'

interface Question {
  readonly operation: string
  readonly target: number | null
  readonly args: unknown[]
  readonly kwargs: Readonly<Record<string, unknown>>
  /** Handles that Python has let go. */
  readonly freed: readonly number[]
  readonly settings?: unknown
  readonly now?: unknown
}

type Handle = StoreHandle | SignerHandle

const { values: flags } = parseArgs({ options: { answer: { type: 'string' }, fault: { type: 'string' } } })
const site = new Site()
const handles = new Map<number, Handle>()

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Question))}\n`)
}
await site.close()

async function answer(question: Question): Promise<object> {
  if (flags.answer === 'null') return { value: null }
  if (flags.answer === 'error') return { error: { kind: 'RuntimeError', message: 'This server answers nothing.' } }
  try {
    if (question.settings !== undefined) site.settings = fromPython(question.settings) as Site['settings']
    const now = fromPython(question.now ?? null)
    site.freeze(typeof now === 'number' ? new Date(now * 1000) : (now as Date | null))
    for (const handle of question.freed) handles.delete(handle)
    const kwargs = Object.fromEntries(Object.entries(question.kwargs).map(([name, value]) => [name, fromPython(value)]))
    const value = await perform(question.operation, question.target, question.args.map(fromPython), kwargs)
    return { value: toPython(value), logs: site.takeLogs() }
  } catch (error) {
    const refusal = error instanceof Refusal ? error : (refusalOf(error) ?? misconfigured(error))
    if (refusal === null) console.error(error)
    const { kind, message, value } = refusal ?? new Refusal('RuntimeError', String(error))
    return { error: { kind, message, value: toPython(value) }, logs: site.takeLogs() }
  }
}

function misconfigured(error: unknown): Refusal | null {
  if (!(error instanceof SettingsError)) return null
  const kind = error.message.includes('CACHES.') ? 'InvalidCacheBackendError' : 'ImproperlyConfigured'
  return new Refusal(kind, error.message)
}

async function perform(
  operation: string,
  target: number | null,
  args: unknown[],
  kwargs: Record<string, unknown>,
): Promise<unknown> {
  switch (operation) {
    case 'new SessionStore':
      handles.set(target ?? 0, new StoreHandle(site, String(args[0]), args[1] as string | null))
      return null
    case 'new Signer':
    case 'new TimestampSigner':
      handles.set(
        target ?? 0,
        new SignerHandle(site, operation === 'new Signer' ? 'Signer' : 'TimestampSigner', kwargs),
      )
      return null
    case 'class _get_storage_path':
      return site.bridge(String(args[0])).settings.SESSION_FILE_PATH
    case 'class clear_expired':
      await site.bridge(String(args[0])).clearExpired()
      return null
  }
  if (target === null) {
    const run = FUNCTIONS[operation] ?? JWT_FUNCTIONS[operation]
    if (run === undefined) throw new Refusal('NotImplementedError', operation)
    return run(site, args as never, kwargs as never)
  }
  const handle = handles.get(target)
  if (handle === undefined) throw new Error('An object was let go and is asked for.')
  if (operation === 'get attribute') return handle.get(String(args[0]))
  if (handle instanceof SignerHandle) return handle.call(operation, args, kwargs)
  if (operation === 'set attribute') return handle.set(String(args[0]), args[1])
  if (operation === 'delete attribute' && args[0] === '_session_cache') return handle.forget()
  if (operation === 'finish') return handle.finish(Number(args[0]))
  return handle.call(operation, args, kwargs)
}
