/** The entry `django-session-bridge/python`: Python's JSON and pickles, read and written without loss. */
import '../node-version.ts'

export { PickleForbidden, SerializationError } from '../errors.ts'
export {
  type DefaultFactory,
  PyByteArray,
  PyCounter,
  PyDefaultDict,
  PyFrozenSet,
  PyOrderedDict,
  PyTuple,
  tuple,
} from './collections.ts'
export { PyDate, PyDateTime, PyTime, PyTimeDelta, type PyTimeParts } from './dates.ts'
export { PyLazyText, PySafeString } from './django-text.ts'
export { type Duration, durationSeconds } from './duration.ts'
export { encodeLike } from './encode-like.ts'
export { floatRepr } from './float-repr.ts'
export { type SplitMember, splitPythonObject } from './json-reader.ts'
export { JsonText } from './json-text.ts'
export type { JsonLimits } from './json-tree.ts'
export { formatPythonJson } from './json-writer.ts'
export { parsePythonJson } from './lone-float.ts'
export { PyComplex, PyDecimal, PyUuid } from './numbers.ts'
export { type ClassName, type PickleCodec, type PickledInstance, PyGlobal } from './pickle/pickle-codec.ts'
export type { PickleLimits } from './pickle/pickle-limits.ts'
export { type PickleOptions, parsePickle } from './pickle/pickle-reader.ts'
export { type FormatPickleOptions, formatPickle } from './pickle/pickle-writer.ts'
export type { PickleProtocol } from './pickle/pickler.ts'
export { PyTimeZone } from './time-zones.ts'
export { float, PyFloat } from './values.ts'
