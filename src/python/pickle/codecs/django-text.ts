/** Django's safe and lazy texts. @see django/utils/functional.py _lazy_proxy_unpickle */
import { PyTuple } from '../../collections.ts'
import { PyLazyText, PySafeString } from '../../django-text.ts'
import { isPlainObject } from '../../json-writer.ts'
import { type ClassName, type PickleCodec, PyGlobal } from '../pickle-codec.ts'
import { pathOf } from '../pickle-node.ts'
import { notReadHere, strictly, type Takes } from './strictly.ts'

export const safeStringCodec: PickleCodec<PySafeString> = strictly(() => ({ args: [0, 3], state: true }), {
  // The second is Django's name before 4.
  classes: [
    { module: 'django.utils.safestring', name: 'SafeString' },
    { module: 'django.utils.safestring', name: 'SafeText' },
  ],
  isImmutable: true,
  matches: (value) => value instanceof PySafeString,
  decode(instance) {
    const { args, state } = instance
    const [value, ...more] = args
    if (typeof value !== 'string' || more.length > 0) return notReadHere(instance)
    // An attribute of its own.
    if (state !== undefined && state !== null) return notReadHere(instance)
    return new PySafeString(value)
  },
  encode: ({ value }) => ({ made: 'newobj', args: [value] }),
})

const LAZY: ClassName = { module: 'django.utils.functional', name: '_lazy_proxy_unpickle' }
const LAZY_NUMBER: ClassName = { module: 'django.utils.translation', name: '_lazy_number_unpickle' }

const CALLS: readonly ClassName[] = [
  ...['gettext', 'pgettext', 'ugettext'].map((name) => ({ module: 'django.utils.translation', name })),
  { module: 'django.urls.base', name: 'reverse' },
  { module: 'django.utils.text', name: '_format_lazy' },
]
const NUMBER_CALLS: readonly ClassName[] = ['ngettext', 'npgettext', 'ungettext'].map((name) => ({
  module: 'django.utils.translation',
  name,
}))

const STR = new PyGlobal('builtins', 'str')

/** Functions of the number are called so too, where it is known. */
function takesOfLazy(path: string): Takes {
  return path === pathOf(LAZY_NUMBER) ? { args: [4, 4] } : { args: [3, 1000] }
}

export const lazyTextCodec: PickleCodec<PyLazyText> = strictly(takesOfLazy, {
  classes: [LAZY, LAZY_NUMBER],
  arguments: [...CALLS, ...NUMBER_CALLS].map(pathOf),
  matches: (value) => value instanceof PyLazyText,

  decode(instance) {
    const { of, args: all } = instance
    const [call, ...rest] = all
    const isNumber = pathOf(of) === pathOf(LAZY_NUMBER)
    const [args, kwargs, ...results] = isNumber ? [[rest[1]], rest[2], rest[0]] : rest
    const calls = isNumber ? NUMBER_CALLS : [...CALLS, ...NUMBER_CALLS]
    if (find(call, calls) === undefined || results.length !== 1 || find(results[0], [STR]) === undefined) {
      return notReadHere(instance)
    }
    const list = args instanceof PyTuple ? args.items : args
    if (!Array.isArray(list) || typeof kwargs !== 'object' || kwargs === null || !isPlainObject(kwargs)) {
      throw new TypeError('A lazy text is called with something else.')
    }
    return new PyLazyText((call as PyGlobal).path, list, kwargs as Record<string, unknown>)
  },

  encode({ call, args, kwargs }) {
    const path = new Map([...CALLS, ...NUMBER_CALLS].map((known) => [pathOf(known), known])).get(call)
    if (path === undefined) throw new TypeError('A lazy text calls something else.')
    const global = new PyGlobal(path.module, path.name)
    // With a number of its own it is a text like any other.
    if (NUMBER_CALLS.includes(path) && !('number' in kwargs)) {
      return { of: LAZY_NUMBER, args: [global, STR, args[0] ?? null, kwargs] }
    }
    return { of: LAZY, args: [global, new PyTuple(args), kwargs, STR] }
  },
})

function find(global: unknown, among: readonly ClassName[]): ClassName | undefined {
  if (!(global instanceof PyGlobal)) return undefined
  return among.find((known) => pathOf(known) === global.path)
}
