/** Users from the tables of SQLite: names, columns and fields. Other databases: test/interop/user-models.test.ts. */
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pythonUser } from '../../src/auth/field-types.ts'
import { selectTable } from '../../src/auth/user-select.ts'
import type { UserTable } from '../../src/auth/user-table.ts'
import { checkUserTable, isActive, publicUser, type UserRow, usersFromTable } from '../../src/auth/users.ts'
import { type Database, NoSuchValue } from '../../src/databases/database.ts'
import { mysqlSql } from '../../src/databases/mysql.ts'
import { standardSql } from '../../src/databases/sql-dialect.ts'
import { sqlite } from '../../src/databases/sqlite.ts'
import { utcClock } from '../../src/databases/wall-clock.ts'
import { SettingsError, StoreUnavailable } from '../../src/errors.ts'
import { PyDate, PyTime, PyTimeDelta } from '../../src/python/dates.ts'
import { PyDecimal, PyUuid } from '../../src/python/numbers.ts'
import { PyFloat } from '../../src/python/values.ts'

const UUID = '0f1e2d3c-4b5a-4697-8877-665544332211'
const BARE = UUID.replaceAll('-', '')

let client: DatabaseSync
let database: Database
beforeEach(() => {
  client = new DatabaseSync(':memory:')
  database = sqlite({ path: '', client, wallClock: utcClock })
})
afterEach(() => client.close())

const usersOf = (table: UserTable = {}, model = 'shop.Member', on: Database = database) =>
  usersFromTable(on, model, table, 30_000)

/** A table whose columns have Django's names, and one user in it. */
function makeTable(name: string, columns: Readonly<Record<string, readonly [type: string, value: string]>>): void {
  const all: Readonly<Record<string, readonly [type: string, value: string]>> = {
    id: ['integer PRIMARY KEY', '7'],
    password: ['varchar(128)', `'secret'`],
    is_active: ['bool', '1'],
    ...columns,
  }
  const present = Object.entries(all).filter(([, [type]]) => type !== 'none')
  client.exec(`CREATE TABLE ${name} (${present.map(([column, [type]]) => `"${column}" ${type}`).join(', ')})`)
  client.exec(`INSERT INTO ${name} VALUES (${present.map(([, [, value]]) => value).join(', ')})`)
}

describe('the table of a model', () => {
  test.each([
    ['shop.Member', 'shop_member'],
    ['MyShop.ShopMember', 'MyShop_shopmember'],
    ['my_shop_app.M', 'my_shop_app_m'],
  ])('%s is %s', async (model, table) => {
    makeTable(`"${table}"`, {})
    // SQLite would find it in other letters, too.
    expect(selectTable(standardSql, model, {}, undefined).sql).toBe(`SELECT * FROM "${table}"`)
    expect(await usersOf({}, model).load('7')).toMatchObject({ pk: '7', id: 7 })
  })

  test.each([
    ['members', '"members"'],
    ['main.members', 'main."members"'],
    ['"main"."members"', 'main."members"'],
    ['main"."members', 'main."members"'],
    ['"dotted.members"', '"dotted.members"'],
    ['"it""s"', '"it""s"'],
    ['"; DROP TABLE x"', '"; DROP TABLE x"'],
    ['members of-2026$', '"members of-2026$"'],
    ['2members', '"2members"'],
    ['Mitglieder_Ä', '"Mitglieder_Ä"'],
  ])('may be named %s', async (name, sql) => {
    makeTable(sql, {})
    expect(await usersOf({ name }).load('7')).toMatchObject({ pk: '7' })
  })

  test.each([
    '',
    '.',
    'a.',
    '.a',
    'a.b.c',
    'a"b',
    '"a',
    'a"',
    '""',
    '"',
    '"a"b"',
    '"a"."b"."c"',
    'a;b',
    'a b;',
    'a`b',
    "a'b",
    'a\0b',
    '"a\0b"',
    ' a',
  ])('is not named %o, and nothing is sent', (name) => {
    expect(() => checkUserTable(standardSql, 'shop.Member', { name })).toThrow(SettingsError)
    expect(() => usersOf({ name })).toThrow(/table or column name/)
  })

  test('is in backticks on MySQL, as Django has it there', () => {
    expect(mysqlSql.quote('members')).toBe('`members`')
    expect(mysqlSql.quote('shop.members')).toBe('`shop`.`members`')
    expect(mysqlSql.quote('`shop`.`the.members`')).toBe('`shop`.`the.members`')
    expect(mysqlSql.quote('shop`.`members')).toBe('`shop`.`members`')
    expect(mysqlSql.quoteName('a"b.c?')).toBe('`a"b.c?`')
    for (const name of ['`a', 'a`b`c', '"a"."b"']) expect(() => mysqlSql.quote(name)).toThrow(SettingsError)
    expect(() => mysqlSql.quoteName('a`b')).toThrow(SettingsError)
  })

  test('columns may have any name but one with quotes', () => {
    checkUserTable(standardSql, 'shop.Member', { primaryKey: 'member.no ?', columns: ['e-mail', 'größe'] })
    for (const name of ['', 'a"b', 'a\0b']) {
      expect(() => checkUserTable(standardSql, 'shop.Member', { columns: [name] })).toThrow(SettingsError)
      expect(() => checkUserTable(standardSql, 'shop.Member', { primaryKey: name })).toThrow(SettingsError)
      const fields = { password: { column: name, type: 'CharField' } }
      expect(() => checkUserTable(standardSql, 'shop.Member', { fields })).toThrow(SettingsError)
    }
  })
})

describe('columns', () => {
  test('have the values of the fields that have such columns', async () => {
    makeTable('shop_member', {
      is_vip: ['bool', '1'],
      points: ['bigint unsigned', '9007199254740993'],
      rating: ['real', '2'],
      price: ['decimal', '12.5'],
      birthday: ['date', `'2026-07-01'`],
      seen: ['datetime', `'2026-07-01 00:30:00.250999'`],
      stamped: ['TIMESTAMP', `'2026-07-01 00:30:00'`],
      hour: ['time', `'12:00:00.5'`],
      data: ['json', `'{"a": 1}'`],
      token: ['char(32)', `'${BARE}'`],
      text32: ['varchar(32)', `'${BARE}'`],
      picture: ['BLOB', `x'00ff'`],
      notes: ['text', `'f'`],
      typeless: ['', '5'],
      empty: ['bool', 'NULL'],
    })
    expect(await usersOf().load('7')).toEqual({
      pk: '7',
      id: 7,
      password: 'secret',
      is_active: true,
      is_vip: true,
      points: 9007199254740993n,
      rating: 2,
      price: '12.5',
      birthday: '2026-07-01',
      seen: new Date('2026-07-01T00:30:00.250Z'),
      stamped: new Date('2026-07-01T00:30:00Z'),
      hour: '12:00:00.500000',
      data: { a: 1 },
      token: UUID,
      text32: BARE,
      picture: new Uint8Array([0, 255]),
      notes: 'f',
      typeless: 5,
      empty: null,
    })
  })

  test('of Django’s own names have their types where the table tells none', async () => {
    makeTable('shop_member', {
      is_active: ['', '1'],
      is_staff: ['', '0'],
      is_superuser: ['varchar(5)', `'1'`],
      last_login: ['', `'2026-07-01 00:30:00'`],
      date_joined: ['', `'2026-07-01'`],
    })
    expect(await usersOf().load('7')).toMatchObject({
      is_active: true,
      is_staff: false,
      is_superuser: true,
      last_login: new Date('2026-07-01T00:30:00Z'),
      date_joined: new Date('2026-07-01T00:00:00Z'),
    })
  })

  test('that are listed are read, and what every login needs', async () => {
    makeTable('shop_member', { email: ['text', `'ada@example.com'`], phone: ['text', `'1'`] })
    const user = await usersOf({ columns: ['email', 'id', 'password'] }).load('7')
    expect(user).toEqual({ pk: '7', id: 7, password: 'secret', is_active: true, email: 'ada@example.com' })
    client.exec('UPDATE shop_member SET is_active = 0')
    expect(await usersOf({ columns: ['email'] }).load('7')).toMatchObject({ is_active: false })
    expect([...(await usersOf({ columns: ['email'] }).columns()).keys()]).toEqual([
      'id',
      'password',
      'is_active',
      'email',
      'pk',
    ])
  })

  test('are those of the table, with their types', async () => {
    makeTable('shop_member', { birthday: ['date', 'NULL'], typeless: ['', '1'] })
    expect(Object.fromEntries(await usersOf().columns())).toEqual({
      id: 'IntegerField',
      password: 'TextField',
      is_active: 'BooleanField',
      birthday: 'DateField',
      typeless: undefined,
      pk: 'IntegerField',
    })
  })

  test('that are not there are a SettingsError, and a table that is not there is a failure', async () => {
    makeTable('shop_member', {})
    for (const table of [{ columns: ['phone'] }, { primaryKey: 'number', columns: [] }]) {
      await expect(usersOf(table).load('7')).rejects.toThrow(SettingsError)
      await expect(usersOf(table).columns()).rejects.toThrow(/does not have every column that options.userTable names/)
    }
    const users = usersOf({ name: 'later', columns: [] })
    await expect(users.load('7')).rejects.toMatchObject({ name: StoreUnavailable.name, reason: 'missing' })
    makeTable('later', {})
    expect(await users.load('7')).toMatchObject({ pk: '7' })
  })

  test('without a password that is text are a SettingsError', async () => {
    makeTable('shop_member', { password: ['blob', `x'00'`] })
    await expect(usersOf().load('7')).rejects.toThrow(/no text column `password`/)
    makeTable('without', { password: ['none', ''] })
    await expect(usersOf({ name: 'without' }).load('7')).rejects.toThrow(SettingsError)
  })
})

describe('the key', () => {
  test.each([
    ['integer', '7', '7', 7],
    ['bigint', '9007199254740993', '9007199254740993', 9007199254740993n],
    ['char(32)', `'${BARE}'`, UUID, UUID],
    ['varchar(32)', `'${BARE}'`, BARE, BARE],
    ['varchar(40)', `'${UUID}'`, UUID, UUID],
    ['varchar(40)', `'Ada L.'`, 'Ada L.', 'Ada L.'],
    ['decimal', '7.5', '7.5', '7.5'],
    ['', "'7'", '7', '7'],
  ])('of %s with %s is %s', async (type, stored, pk, id) => {
    makeTable('shop_member', { id: [`${type} PRIMARY KEY`, stored] })
    const users = usersOf()
    expect(await users.load(pk)).toMatchObject({ pk, id })
    expect(await users.keyText(pk)).toBe(pk)
    for (const other of [
      '',
      '8',
      `${pk} `,
      ` ${pk}`,
      `${pk}x`,
      `${pk}\0`,
      `0${pk}`,
      pk.toLowerCase() === pk ? pk.toUpperCase() : pk.toLowerCase(),
    ]) {
      if (other !== pk && !(type === 'decimal' && other.startsWith('0'))) expect(await users.load(other)).toBeNull()
    }
  })

  test('is read from the session as its field’s to_python does', async () => {
    makeTable('shop_member', {})
    const users = usersOf()
    for (const value of [7, 7n, ' 7', '07', 7.5]) expect(await users.keyText(value)).toBe('7')
    expect(await users.keyText('x')).toBeNull()
    const table = {
      fields: { password: { column: 'password', type: 'CharField' }, id: { column: 'id', type: 'CharField' } },
    }
    expect(await usersOf(table).keyText(' 7')).toBe(' 7')
    const foreign = { fields: { id: { column: 'id', type: 'OneToOneField', target: 'BigAutoField' } } }
    expect(await usersOf(foreign).keyText(' 7')).toBe('7')
    const own = { fields: { id: { column: 'id', type: 'unknown' } } }
    expect(await usersOf(own).keyText(' 7')).toBe('7')
  })

  test('that the database takes for no value of the column is nobody’s; another failure is one', async () => {
    makeTable('shop_member', {})
    const failing = (error: Error): Database => ({
      ...database,
      typedRows: (sql, parameters, deadline) =>
        parameters.length > 0 ? Promise.reject(error) : database.typedRows(sql, parameters, deadline),
    })
    expect(await usersOf({}, 'shop.Member', failing(new NoSuchValue('No such value.'))).load('7')).toBeNull()
    const down = new StoreUnavailable('down', { reason: 'unreachable' })
    await expect(usersOf({}, 'shop.Member', failing(down)).load('7')).rejects.toBe(down)
  })

  test('has its type asked for once, whoever asks meanwhile, and again after a failure', async () => {
    makeTable('shop_member', {})
    const sent: string[] = []
    let failures = 1
    const counting: Database = {
      ...database,
      typedRows(sql, parameters, deadline) {
        sent.push(sql)
        if (failures-- > 0) return Promise.reject(new StoreUnavailable('down', { reason: 'unreachable' }))
        return database.typedRows(sql, parameters, deadline)
      },
    }
    const users = usersOf({}, 'shop.Member', counting)
    await expect(users.load('7')).rejects.toThrow('down')
    await Promise.all([users.load('7'), users.load('7'), users.keyText(7)])
    expect(sent.filter((sql) => sql.includes('1 = 0'))).toHaveLength(2)
    expect(sent).toHaveLength(4)
    sent.length = 0
    const known = { id: { column: 'id', type: 'AutoField' }, password: { column: 'password', type: 'CharField' } }
    await usersOf({ fields: known }, 'shop.Member', counting).load('7')
    expect(sent).toHaveLength(1)
  })
})

describe('fields', () => {
  const PASSWORD = { column: 'pass.word', type: 'CharField' }

  test('are read from columns of any name, and of a foreign key by the key it points to', async () => {
    client.exec(`CREATE TABLE shop_member ("no?" integer PRIMARY KEY, "pass.word" text, enabled bool, "select" integer, firm char(32));
      INSERT INTO shop_member VALUES (7, 'secret', 0, 1, '${BARE}')`)
    const users = usersOf({
      primaryKey: 'no?',
      columns: ['of no effect'],
      fields: {
        number: { column: 'no?', type: 'BigAutoField' },
        password: PASSWORD,
        is_active: { column: 'enabled', type: 'BooleanField' },
        is_staff: { column: 'select', type: 'unknown' },
        company_id: { column: 'firm', type: 'ForeignKey', target: 'UUIDField' },
        text: { column: 'firm', type: 'CharField' },
        own: { column: 'firm', type: 'IntegerRangeField' },
        half: { column: 'firm', type: 'ForeignKey' },
      },
    })
    expect(await users.load('7')).toEqual({
      pk: '7',
      number: 7,
      password: 'secret',
      is_active: false,
      is_staff: true,
      company_id: UUID,
      text: BARE,
      own: BARE,
      half: UUID,
    })
    expect(Object.fromEntries(await users.columns())).toMatchObject({
      number: 'BigAutoField',
      company_id: 'UUIDField',
      own: undefined,
    })
    expect([...(await users.columns()).keys()]).not.toContain('of no effect')
  })

  test('of a key with a conversion of the site’s own leave its 32 digits as the session has them', async () => {
    client.exec(`CREATE TABLE shop_member (id char(32) PRIMARY KEY, password text, is_active bool);
      INSERT INTO shop_member VALUES ('${BARE}', 'secret', 1)`)
    const users = usersOf({
      fields: {
        id: { column: 'id', type: 'unknown' },
        password: { column: 'password', type: 'CharField' },
        is_active: { column: 'is_active', type: 'BooleanField' },
      },
    })
    expect(await users.keyText(BARE)).toBe(BARE)
    expect(await users.load(BARE)).toMatchObject({ pk: BARE, id: BARE })
    expect(await users.load(UUID)).toBeNull()
  })

  test('have the key under the name of its column where they do not name it', async () => {
    makeTable('shop_member', {})
    const fields = {
      password: { column: 'password', type: 'CharField' },
      is_active: { column: 'is_active', type: 'BooleanField' },
    }
    expect(await usersOf({ fields }).load('7')).toEqual({ pk: '7', id: 7, password: 'secret', is_active: true })
  })

  test('may be in the tables that a model inherits from', async () => {
    client.exec(`CREATE TABLE base (id integer PRIMARY KEY, password text, is_active bool);
      CREATE TABLE customer (base_ptr_id integer PRIMARY KEY, discount decimal);
      CREATE TABLE linked (id char(32) PRIMARY KEY, is_staff bool);
      CREATE TABLE premium (customer_ptr_id integer PRIMARY KEY, "link no" char(32));
      INSERT INTO base VALUES (7, 'secret', 0), (8, 'other', 1);
      INSERT INTO customer VALUES (7, 1.5), (8, 2);
      INSERT INTO linked VALUES ('${BARE}', 1), ('x', 0);
      INSERT INTO premium VALUES (7, '${BARE}'), (8, 'x')`)
    const table: UserTable = {
      name: 'premium',
      primaryKey: 'customer_ptr_id',
      fields: {
        id: { column: 'id', type: 'BigAutoField', table: 'base' },
        password: { column: 'password', type: 'CharField', table: 'base' },
        is_active: { column: 'is_active', type: 'BooleanField', table: 'base' },
        base_ptr_id: { column: 'base_ptr_id', type: 'OneToOneField', target: 'BigAutoField', table: 'customer' },
        discount: { column: 'discount', type: 'DecimalField', decimalPlaces: 2, table: 'customer' },
        customer_ptr_id: { column: 'customer_ptr_id', type: 'OneToOneField', target: 'BigAutoField' },
        is_staff: { column: 'is_staff', type: 'BooleanField', table: 'linked' },
      },
      parents: [
        { table: 'customer', primaryKey: 'base_ptr_id', link: 'customer_ptr_id' },
        { table: 'base', primaryKey: 'id', link: 'base_ptr_id', of: 'customer' },
        { table: 'linked', primaryKey: 'id', link: 'link no' },
      ],
    }
    const users = usersOf(table)
    expect(await users.load('7')).toEqual({
      pk: '7',
      id: 7,
      password: 'secret',
      is_active: false,
      base_ptr_id: 7,
      discount: '1.50',
      customer_ptr_id: 7,
      is_staff: true,
    })
    expect(await users.load('8')).toMatchObject({ pk: '8', is_active: true, is_staff: false })
    expect(await users.load('9')).toBeNull()
    expect(() => usersOf({ ...table, parents: [] })).toThrow(/neither its own nor a parent’s/)
  })
})

describe('S5: who is active', () => {
  const verdictOf = async (table: UserTable = {}) =>
    publicUser('7', (await usersOf(table).load('7')) as UserRow).is_active

  test('is known to be', async () => {
    for (const [value, expected] of [
      ['1', true],
      ['0', false],
      ['NULL', false],
      [`'f'`, false],
      [`'0'`, false],
    ] as const) {
      client.exec('DROP TABLE IF EXISTS shop_member')
      makeTable('shop_member', { is_active: ['bool', value] })
      expect(await verdictOf()).toBe(expected)
    }
  })

  test.each(['2', `'t'`, `'true'`, `'yes'`, `''`, `x'31'`, '-1', '0.5'])(
    'is nobody with %s, which is an error',
    async (value) => {
      makeTable('shop_member', { is_active: ['bool', value] })
      await expect(verdictOf()).rejects.toThrow(/is_active holds a value that is neither true nor false/)
    },
  )

  test('is an error where the table does not say so, and everybody where the model does', async () => {
    makeTable('shop_member', { is_active: ['none', ''], enabled: ['bool', '0'] })
    await expect(verdictOf()).rejects.toThrow(/no column `is_active`.*alwaysActive/)
    expect(await verdictOf({ alwaysActive: true })).toBe(true)
    expect(await verdictOf({ alwaysActive: true, columns: ['enabled'] })).toBe(true)
    await expect(verdictOf({ columns: ['enabled'] })).rejects.toThrow(/or no is_active/)
    const fields = { password: { column: 'password', type: 'CharField' } }
    await expect(verdictOf({ fields })).rejects.toThrow(/no column `is_active`/)
    expect(await verdictOf({ fields, alwaysActive: true })).toBe(true)
    const renamed = { ...fields, is_active: { column: 'enabled', type: 'BooleanField' } }
    expect(await verdictOf({ fields: renamed })).toBe(false)
    expect(await verdictOf({ fields: renamed, alwaysActive: true })).toBe(false)
  })

  test('is what a hook says, and one that says nothing means yes, as Django’s getattr does', () => {
    const of = (is_active?: unknown) =>
      isActive({ password: 'x', ...(is_active !== undefined && { is_active }) } as UserRow)
    expect(of()).toBe(true)
    expect(of(true)).toBe(true)
    expect(of(1)).toBe(true)
    expect(of('1')).toBe(true)
    expect(of(new Uint8Array([1]))).toBe(true)
    for (const no of [false, 0, '0', 'f', null, 0n, new Uint8Array([0])]) expect(of(no)).toBe(false)
    for (const unknown of ['t', 'yes', '', 2, {}, [], Number.NaN]) {
      expect(() => of(unknown)).toThrow(/hooks.loadUser returned a user whose is_active/)
    }
  })
})

describe('the user in Python’s types', () => {
  test('is what its fields say', async () => {
    makeTable('shop_member', {
      id: ['char(32) PRIMARY KEY', `'${BARE}'`],
      birthday: ['date', `'2026-07-01'`],
      broken: ['date', `'soon'`],
      hour: ['time', `'12:00:00'`],
      price: ['decimal', '1.5'],
      ratio: ['real', '2'],
      count: ['integer', '2'],
      notes: ['text', `'2026-07-01'`],
      nothing: ['date', 'NULL'],
    })
    const user = publicUser(UUID, (await usersOf().load(UUID)) as UserRow)
    expect(pythonUser(user)).toMatchObject({
      birthday: new PyDate(2026, 7, 1),
      broken: 'soon',
      hour: expect.any(PyTime),
      price: new PyDecimal('1.5'),
      ratio: new PyFloat(2),
      count: 2,
      notes: '2026-07-01',
      nothing: null,
      is_active: true,
    })
    const fields = {
      id: { column: 'id', type: 'UUIDField' },
      password: { column: 'password', type: 'CharField' },
      is_active: { column: 'is_active', type: 'BooleanField' },
      length: { column: 'count', type: 'DurationField' },
    }
    const asked = pythonUser(publicUser(UUID, (await usersOf({ fields }).load(UUID)) as UserRow))
    expect(asked).toMatchObject({ pk: new PyUuid(UUID), id: new PyUuid(UUID), length: expect.any(PyTimeDelta) })
    expect(Object.keys(user)).not.toContain('password')
  })

  test('has the key in its own type, and of a hook a number where it looks like one', async () => {
    makeTable('shop_member', { id: ['varchar(9) PRIMARY KEY', `'007'`] })
    expect(pythonUser(publicUser('007', (await usersOf().load('007')) as UserRow)).pk).toBe('007')
    makeTable('numbers', { id: ['bigint PRIMARY KEY', '9007199254740993'] })
    const row = (await usersOf({ name: 'numbers' }).load('9007199254740993')) as UserRow
    expect(pythonUser(publicUser('9007199254740993', row)).pk).toBe(9007199254740993n)
    for (const [pk, python] of [
      ['7', 7],
      ['1234567890123456', '1234567890123456'],
      ['ada', 'ada'],
      ['7x', '7x'],
      ['x7', 'x7'],
    ]) {
      expect(pythonUser(publicUser(pk as string, { password: 'x' })).pk).toBe(python)
    }
  })
})

test('a Node that cannot tell a statement’s columns asks for those of its table', async () => {
  makeTable('"shop"', { is_vip: ['bool', '1'] })
  makeTable('main."odd ""name"', { is_vip: ['bool', '1'] })
  const prototype = Object.getPrototypeOf(client.prepare('SELECT 1')) as { columns?: unknown }
  const { columns } = prototype
  prototype.columns = undefined
  try {
    expect(await usersOf({ name: 'shop' }).load('7')).toMatchObject({ id: 7, is_vip: true })
    expect(await usersOf({ name: '"main"."odd ""name"' }).load('7')).toMatchObject({ id: 7, is_vip: true })
  } finally {
    prototype.columns = columns
  }
})
