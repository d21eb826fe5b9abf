/** django-tenants on PostgreSQL: a schema for each tenant, and so a bridge for each. */
import pg from 'pg'
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import type { Bridge } from '../../src/bridge.ts'
import type { CacheDictionary, KeyFunction } from '../../src/settings/cache-setting.ts'
import type { DatabaseDictionary } from '../../src/settings/database-url.ts'
import type { SettingsOfDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { djangoDatabase } from '../database-choice.ts'
import { startPrivateRedis } from '../private-redis.ts'
import { postgresHome } from './live-site.ts'
import { bridgeOf, expectRefused, expectShared, openAt, packageSite } from './package-site.ts'

const packages = inject('packages')
const python = 'python' in packages ? packages.python : ''
const server = inject('postgres')
const missing = 'missing' in packages ? packages.missing : 'missing' in server ? server.missing : null

describe.skipIf(missing !== null)(`django-tenants, PostgreSQL${missing === null ? '' : ` (${missing})`}`, () => {
  const CUSTOMERS = `from django.db import models
from django_tenants.models import DomainMixin, TenantMixin
class Client(TenantMixin):
  name = models.CharField(max_length=100)
class Domain(DomainMixin):
  pass
`
  const tenants = (url: string, more = '') => ({
    models: CUSTOMERS,
    settings: `DATABASES = {"default": ${JSON.stringify({ ...djangoDatabase(url), ENGINE: 'django_tenants.postgresql_backend' })}}
DATABASE_ROUTERS = ("django_tenants.routers.TenantSyncRouter",)
SHARED_APPS = ("django_tenants", "accounts", "django.contrib.contenttypes")
TENANT_APPS = ("django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions")
INSTALLED_APPS = [*SHARED_APPS, *(app for app in TENANT_APPS if app not in SHARED_APPS)]
TENANT_MODEL = "accounts.Client"
TENANT_DOMAIN_MODEL = "accounts.Domain"
MIDDLEWARE.insert(0, "django_tenants.middleware.main.TenantMainMiddleware")
${more}`,
  })
  const MIGRATE = `from django.core.management import call_command
call_command("makemigrations", "accounts", verbosity=0)
call_command("migrate_schemas", "--shared", verbosity=0)
from accounts.models import Client, Domain
for name in ("acme", "other"):
  tenant = Client.objects.create(schema_name=name, name=name)
  Domain.objects.create(domain=name + ".test", tenant=tenant, is_primary=True)
`
  const MAKE_ADAS = `from django.contrib.auth.models import User
from django_tenants.utils import schema_context
for name in ("other", "acme"):
  with schema_context(name):
      if name == "other":
          User.objects.create_user("eve", password="x")
      User.objects.create_user("ada", password="lovelace", email=name + "@example.com")
`

  const ways: readonly [string, (url: string) => (found: SettingsOfDjango) => Promise<Bridge>][] = [
    [
      'a client whose search_path is set',
      (url) => async (found) => {
        const client = new pg.Pool({ connectionString: url, options: '-c search_path=acme,public' })
        onTestFinished(() => client.end())
        return bridgeOf(found, { clients: { databases: { default: client } } })
      },
    ],
    [
      'libpq’s options in the settings',
      () =>
        async ({ settings, options }) => {
          const database = {
            ...(settings.DATABASES?.default as DatabaseDictionary),
            OPTIONS: { options: '-c search_path=acme,public' },
          }
          const DATABASES = { default: database }
          return bridgeOf(
            { settings: { ...settings, DATABASES }, options },
            { options: { acknowledge: ['database_schema'] } },
          )
        },
    ],
  ]
  test.each(ways)('a bridge for a tenant, by %s', async (_, way) => {
    const home = await postgresHome(server)
    onTestFinished(() => home.drop())
    const site = packageSite({
      python,
      files: tenants(home.url),
      migrate: MIGRATE,
      makeAda: MAKE_ADAS,
      host: 'acme.test',
    })
    const found = await site.found()
    expectRefused(found, ['database_schema'])
    const bridge = await way(home.url)(found)
    await expectShared(site, bridge, { host: 'acme.test' })
    expect(await openAt(bridge, site.login(), { host: 'acme.test' }).user()).toMatchObject({
      email: 'acme@example.com',
    })
  })
  test.skipIf('missing' in inject('redis'))('sessions in a cache, whose keys name the tenant', async () => {
    const [home, redis] = await Promise.all([postgresHome(server), startPrivateRedis()])
    onTestFinished(() => home.drop())
    onTestFinished(() => redis.drop())
    const cache = {
      BACKEND: 'django.core.cache.backends.redis.RedisCache',
      LOCATION: redis.url,
      KEY_FUNCTION: 'django_tenants.cache.make_key',
    }
    const settings = `CACHES = {"default": ${JSON.stringify(cache)}}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
`
    const files = tenants(home.url, settings)
    const site = packageSite({ python, files, migrate: MIGRATE, makeAda: MAKE_ADAS, host: 'acme.test' })
    const found = await site.found()
    const client = new pg.Pool({ connectionString: home.url, options: '-c search_path=acme,public' })
    onTestFinished(() => client.end())
    const clients = { databases: { default: client } }
    expect(() => bridgeOf(found, { clients })).toThrow(
      "KEY_FUNCTION django_tenants.cache.make_key is Python's: give a function (key, keyPrefix, version) that does the same",
    )
    const given = found.settings.CACHES?.default as CacheDictionary
    const KEY_FUNCTION: KeyFunction = (key, prefix, version) => `acme:${prefix}:${version}:${key}`
    const CACHES = { default: { ...given, KEY_FUNCTION } }
    const bridge = bridgeOf({ ...found, settings: { ...found.settings, CACHES } }, { clients })
    await expectShared(site, bridge, { host: 'acme.test' })
  })
})
