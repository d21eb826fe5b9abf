/** Django's safe and lazy texts. @see django/utils/functional.py _lazy_proxy_unpickle */
import { PyTuple } from '../../collections.ts'
import { PyLazyText, PySafeString } from '../../django-text.ts'
import { type ClassName, type PickleCodec, PyGlobal } from '../pickle-codec.ts'
import { pathOf } from '../pickle-node.ts'

export const safeStringCodec: PickleCodec<PySafeString> = {
  // The second is Django's name before 4.
  classes: [
    { module: 'django.utils.safestring', name: 'SafeString' },
    { module: 'django.utils.safestring', name: 'SafeText' },
  ],
  isImmutable: true,
  matches: (value) => value instanceof PySafeString,
  decode({ args: [value] }) {
    if (typeof value !== 'string') throw new TypeError('A safe text is a text.')
    return new PySafeString(value)
  },
  encode: ({ value }) => ({ made: 'newobj', args: [value] }),
}

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

export const lazyTextCodec: PickleCodec<PyLazyText> = {
  classes: [LAZY, LAZY_NUMBER],
  arguments: [...CALLS, ...NUMBER_CALLS].map(pathOf),
  matches: (value) => value instanceof PyLazyText,

  decode({ of, args: [call, ...rest] }) {
    const isNumber = pathOf(of) === pathOf(LAZY_NUMBER)
    const [args, kwargs, result] = isNumber ? [[rest[1]], rest[2], rest[0]] : rest
    if (find(call, isNumber ? NUMBER_CALLS : CALLS) === undefined || find(result, [STR]) === undefined) {
      throw new TypeError('A lazy text calls something else.')
    }
    const list = args instanceof PyTuple ? args.items : args
    return new PyLazyText((call as PyGlobal).path, list as unknown[], kwargs as Record<string, unknown>)
  },

  encode({ call, args, kwargs }) {
    const path = new Map([...CALLS, ...NUMBER_CALLS].map((known) => [pathOf(known), known])).get(call)
    if (path === undefined) throw new TypeError('A lazy text calls something else.')
    const global = new PyGlobal(path.module, path.name)
    if (NUMBER_CALLS.includes(path)) return { of: LAZY_NUMBER, args: [global, STR, args[0] ?? null, kwargs] }
    return { of: LAZY, args: [global, new PyTuple(args), kwargs, STR] }
  },
}

function find(global: unknown, among: readonly ClassName[]): ClassName | undefined {
  if (!(global instanceof PyGlobal)) return undefined
  return among.find((known) => pathOf(known) === global.path)
}
