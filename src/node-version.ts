/**
 * The first import of every entry: a Node that is too old gets one sentence. Node links all modules before it runs
 * one, and fails for an imported name that is not there: newer functions of its modules are used as `zlib.crc32`.
 */
const version = process.versions.node
const [major = 0, minor = 0] = version.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 15)) {
  throw new Error(`django-session-bridge needs Node.js 22.15 or later, and this is ${version}: update Node.js.`)
}
