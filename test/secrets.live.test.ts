/** What a server says of a failure holds the row; none of it may be seen. */
import { describe, expect, inject, test } from 'vitest'
import { createBridge } from '../src/bridge.ts'
import type { Session } from '../src/session/session.ts'
import { mysqlFixture, postgresFixture } from './contracts/database-fixtures.ts'
import { CANARY, SITE_KEY, witness } from './secrets.ts'
import { loginValues } from './site.ts'

const postgres = inject('postgres')
const mysql = inject('mysql')

/** What is done to the server between reading and saving. */
const FAILURES: Readonly<Record<string, string>> = {
  'a constraint whose message holds the row':
    'ALTER TABLE django_session ADD CONSTRAINT small CHECK (length(session_data) < 10) NOT VALID',
  'a trigger that quotes the data': `
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      RAISE EXCEPTION 'refused: %', NEW USING DETAIL = NEW.session_data, HINT = NEW.session_key; END $$;
    CREATE TRIGGER t BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION refuse()`,
  'a cast that quotes the data':
    'CREATE RULE r AS ON UPDATE TO django_session DO INSTEAD SELECT NEW.session_data::integer',
  'a missing table': 'DROP TABLE django_session',
  'a connection that the server ends': `
    CREATE FUNCTION hang_up() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END $$;
    CREATE TRIGGER t BEFORE UPDATE ON django_session FOR EACH ROW EXECUTE FUNCTION hang_up()`,
}

const MYSQL_FAILURES: Readonly<Record<string, string>> = {
  'a trigger that quotes the data': `
    CREATE TRIGGER t BEFORE UPDATE ON django_session FOR EACH ROW BEGIN
      DECLARE told varchar(128) DEFAULT LEFT(NEW.session_data, 128); SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = told; END`,
  'a column that the data do not fit into': `
    CREATE TRIGGER t BEFORE UPDATE ON django_session FOR EACH ROW BEGIN
      DECLARE number integer DEFAULT 0; SET number = NEW.session_data; END`,
  'a key that is taken': `
    CREATE TRIGGER t BEFORE UPDATE ON django_session FOR EACH ROW
      INSERT INTO auth_user (password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
        VALUES ('', 0, LEFT(NEW.session_data, 150), '', '', '', 0, 0, '2026-01-01'),
          ('', 0, LEFT(NEW.session_data, 150), '', '', '', 0, 0, '2026-01-01')`,
  'a missing table': 'DROP TABLE django_session',
}

describe.each([
  { server: 'PostgreSQL', failures: FAILURES, make: postgresFixture, where: postgres },
  { server: 'MySQL', failures: MYSQL_FAILURES, make: mysqlFixture, where: mysql },
])('S33, S34: no secret is seen, whatever $server says', ({ failures, make, where }) => {
  test.skipIf('missing' in where).each(Object.entries(failures))('when a save meets %s', async (_, sql) => {
    const fixture = await make('missing' in where ? '' : where.url)
    const seer = witness()
    const bridge = createBridge(
      { SECRET_KEY: SITE_KEY, DEBUG: true },
      { hooks: seer.hooks, clients: { databases: { default: fixture.client } } },
    )
    try {
      const open = (cookie?: string) =>
        bridge.open({ method: 'GET', url: '/', headers: cookie === undefined ? {} : { cookie }, secure: false })
      const first = open()
      const made = await first.session()
      made.update({ ...loginValues('7', SITE_KEY), note: `${CANARY} payload` })
      const key = (await first.finish(200)).cookies[0]?.value ?? ''
      const stored = await fixture.run('SELECT session_data FROM django_session')

      const second = open(`sessionid=${key}`)
      const session: Session = await second.session()
      session.set('more', `more ${CANARY}`)
      await fixture.run(sql)
      const error: unknown = await Promise.resolve(second.finish(200)).catch((failure: unknown) => failure)
      expect(error).toMatchObject({ code: 'store_unavailable' })
      for (const thing of [error, second, session, bridge]) seer.look(thing)
      seer.finish([key, ...stored.map((row) => String(row.session_data))])
    } finally {
      await bridge.close()
      await fixture.close()
    }
  })
})
