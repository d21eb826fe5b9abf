/**
 * What a column is in Django's words, as far as a database tells: the internal type of the field that has such a column.
 * An array is `IntegerField[]`; absent is text, and what no field of Django's has.
 * @see django/db/backends/postgresql/base.py data_types, and those of mysql and sqlite3
 */

/** `BooleanField`, `DateField[]`, or `char(32)`, which holds a UUID where the database has no type for one. */
export type ColumnType = string

const POSTGRES: readonly (readonly [type: ColumnType, oids: readonly number[], arrays: readonly number[]])[] = [
  ['BooleanField', [16], [1000]],
  ['IntegerField', [20, 21, 23, 26], [1016, 1005, 1007, 1028]],
  ['FloatField', [700, 701], [1021, 1022]],
  ['DecimalField', [1700], [1231]],
  ['DateField', [1082], [1182]],
  ['TimeField', [1083], [1183]],
  ['DateTimeField', [1114, 1184], [1115, 1185]],
  ['DurationField', [1186], [1187]],
  ['UUIDField', [2950], [2951]],
  ['JSONField', [114, 3802], [199, 3807]],
  ['BinaryField', [17], [1001]],
  ['GenericIPAddressField', [869], [1041]],
  ['TextField', [18, 19, 25, 1042, 1043], [1002, 1003, 1009, 1014, 1015]],
]
const BY_OID: ReadonlyMap<number, ColumnType> = new Map(
  POSTGRES.flatMap(([type, oids, arrays]) => [
    ...oids.map((oid) => [oid, type] as const),
    ...arrays.map((oid) => [oid, `${type}[]`] as const),
  ]),
)

/** @see https://github.com/postgres/postgres/blob/master/src/include/catalog/pg_type.dat */
export function postgresType(oid: number): ColumnType | undefined {
  return BY_OID.get(oid)
}

/** The part of a column's definition that mysql2 hands out and that is used. */
export interface MysqlField {
  readonly name: string
  readonly columnType?: number
  readonly columnLength?: number
  readonly characterSet?: number
  readonly flags?: number
  /** Of MariaDB: `uuid`, `json`. */
  readonly extendedTypeName?: string
  readonly extendedFormat?: string
}

const BINARY_CHARSET = 63
const UNSIGNED = 32
const [TINY, BIT, STRING] = [1, 16, 254]

const MYSQL: ReadonlyMap<number, ColumnType> = new Map([
  ...[2, 3, 8, 9, 13].map((number) => [number, 'IntegerField'] as const),
  ...[4, 5].map((number) => [number, 'FloatField'] as const),
  ...[0, 246].map((number) => [number, 'DecimalField'] as const),
  ...[10, 14].map((number) => [number, 'DateField'] as const),
  ...[7, 12, 17, 18].map((number) => [number, 'DateTimeField'] as const),
  ...[11, 19].map((number) => [number, 'TimeField'] as const),
  [245, 'JSONField'],
])
const BYTES = [249, 250, 251, 252, 253, STRING]
/** 32 characters of one, three or four bytes each. */
const LENGTHS_OF_CHAR_32 = [32, 96, 128]

/** @see https://dev.mysql.com/doc/dev/mysql-server/latest/field__types_8h.html */
export function mysqlType(field: MysqlField): ColumnType | undefined {
  const { columnType = -1, columnLength = 0, characterSet, flags = 0, extendedTypeName, extendedFormat } = field
  if (extendedFormat === 'json') return 'JSONField'
  if (columnType === TINY) return columnLength === 1 ? 'BooleanField' : 'IntegerField'
  if (columnType === BIT) return columnLength === 1 ? 'BooleanField' : undefined
  if (BYTES.includes(columnType) && characterSet === BINARY_CHARSET) return 'BinaryField'
  if (columnType !== STRING) return MYSQL.get(columnType)
  // No text is unsigned, but MariaDB says so of its UUIDs.
  if (extendedTypeName === 'uuid' || (flags & UNSIGNED) !== 0) return 'UUIDField'
  return LENGTHS_OF_CHAR_32.includes(columnLength) ? 'char(32)' : 'TextField'
}

const SQLITE: readonly (readonly [RegExp, ColumnType])[] = [
  [/^bool/, 'BooleanField'],
  [/int/, 'IntegerField'],
  [/^(real|double|float)/, 'FloatField'],
  [/^(decimal|numeric)/, 'DecimalField'],
  [/^(datetime|timestamp)/, 'DateTimeField'],
  [/^date$/, 'DateField'],
  [/^time$/, 'TimeField'],
  [/^json/, 'JSONField'],
  [/^blob/, 'BinaryField'],
  [/^char\(32\)$/, 'char(32)'],
  [/^(varchar|char|text)/, 'TextField'],
]

/** @param declared the type in CREATE TABLE; a column may have none */
export function sqliteType(declared: string | null): ColumnType | undefined {
  const type = (declared ?? '').toLowerCase()
  return SQLITE.find(([pattern]) => pattern.test(type))?.[1]
}
