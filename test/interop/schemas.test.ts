/** Tables in a schema of PostgreSQL that is not the default one, as a live Django has them there. */
import { describe, expect, inject, test } from 'vitest'
import { createBridge } from '../../src/bridge.ts'
import { startDjango } from '../../tour/django.ts'
import { DjangoClient, openWith, postgresHome, SECRET_KEY } from './live-site.ts'

const server = inject('postgres')
const django = inject('djangos').find((runtime) => 'python' in runtime)

describe.skipIf('missing' in server || django === undefined)('a Django whose tables are in a schema', () => {
  test('shares its sessions by OPTIONS, by a URL, and by the names of its tables', async () => {
    if (django === undefined || !('python' in django)) return
    const home = await postgresHome(server)
    await home.sql('CREATE SCHEMA shop', [])
    const inSchema = (query: string): string => `${home.url}?${query}`
    const options = new URLSearchParams({ options: '-c search_path=shop' })
    const site = await startDjango({ ...django, databaseUrl: inSchema(`${options}`), settings: { SECRET_KEY } })
    const { hostname, port, username, password, pathname } = new URL(home.url)
    const dictionary = {
      ENGINE: 'django.db.backends.postgresql',
      NAME: pathname.slice(1),
      USER: username,
      PASSWORD: password,
      HOST: hostname,
      PORT: port,
      OPTIONS: { options: '-c search_path=shop' },
    }
    const tables = { sessionTable: { name: 'shop.django_session' }, userTable: { name: 'shop.auth_user' } }
    const ways = [
      { database: dictionary, options: {} },
      { database: inSchema('currentSchema=shop'), options: {} },
      { database: home.url, options: tables },
    ]
    const browser = new DjangoClient(site.url)
    const { pk } = await browser.login('ada')
    for (const [index, { database, options }] of ways.entries()) {
      const bridge = createBridge({ SECRET_KEY, DEBUG: true, DATABASES: { default: database } }, { options })
      const context = openWith(bridge, browser.header)
      expect(await context.user()).toMatchObject({ pk, username: 'ada' })
      ;(await context.session()).set('way', index)
      browser.accept(await context.finish(200))
      expect((await browser.session()).data.way).toBe(index)
      await bridge.close()
    }
    await site.stop()
    await home.drop()
  })
})
