/** Python's ints as bytes: two's complement, the lowest byte first, as few as hold the sign too; none for 0. */

/** A number where it is a safe integer. */
export function decodeInt(bytes: Buffer): number | bigint {
  if (bytes.length === 0) return 0
  if (bytes.length <= 6) return bytes.readIntLE(0, bytes.length)
  const digits = Buffer.from(bytes).reverse().toString('hex')
  const unsigned = BigInt(`0x${digits}`)
  const isNegative = (bytes[bytes.length - 1] ?? 0) > 0x7f
  return asInt(isNegative ? unsigned - (1n << BigInt(8 * bytes.length)) : unsigned)
}

export function encodeInt(value: number | bigint): Buffer {
  const int = BigInt(value)
  if (int === 0n) return Buffer.alloc(0)
  // One bit more than the magnitude has, for the sign.
  const magnitude = (int < 0n ? -int - 1n : int).toString(16)
  const bits =
    magnitude === '0' ? 1 : (magnitude.length - 1) * 4 + Number.parseInt(magnitude.charAt(0), 16).toString(2).length + 1
  const length = Math.ceil(bits / 8)
  const digits = BigInt.asUintN(8 * length, int)
    .toString(16)
    .padStart(2 * length, '0')
  return Buffer.from(digits, 'hex').reverse()
}

export function asInt(value: bigint): number | bigint {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value
}
