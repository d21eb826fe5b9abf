/** Sites whose settings are not the defaults, live: their user model, their clock, their cookie. */
import { describe, expect, inject, test } from 'vitest'
import type { DjangoSettings } from '../../src/settings/settings.ts'
import { type LiveSite, openWith, sitesToTest, startLiveSite } from './live-site.ts'

describe.each(sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') }))(
  '$name',
  (where) => {
    async function onSite(settings: Partial<DjangoSettings>, steps: (site: LiveSite) => Promise<void>): Promise<void> {
      const site = await startLiveSite(where, settings)
      try {
        await steps(site)
      } finally {
        await site.stop()
      }
    }

    test('a user model of the site’s own with a UUID as its key, also in a JWT', () =>
      onSite(
        {
          AUTH_USER_MODEL: 'people.Person',
          DJANGO_SESSION_JWT: { FIELDS: [['username', 'u', 'username']], EXPIRES: 3600 },
        },
        async (site) => {
          const { pk } = await site.django.login('ada')
          expect(pk).toMatch(/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/)
          const context = openWith(site.bridge, site.django.header)
          expect(await context.user()).toMatchObject({ pk, username: 'ada' })
          ;(await context.session()).set('a', 1)
          site.django.accept(await context.finish(200))
          expect(await site.django.whoami()).toEqual({ authenticated: true, pk, username: 'ada' })
        },
      ))

    test('USE_TZ off: rows and expiry in the local time of TIME_ZONE, read alike on both sides', () =>
      onSite({ USE_TZ: false, TIME_ZONE: 'America/St_Johns' }, async (site) => {
        await site.django.login('ada')
        const context = openWith(site.bridge, site.django.header)
        expect(await context.user()).toMatchObject({ username: 'ada' })
        const session = await context.session()
        session.set('a', 1)
        session.setExpiry(new Date('2036-05-04T03:02:01Z'))
        site.django.accept(await context.finish(200))
        // St. John's is two and a half hours behind UTC in May.
        expect(await site.django.session()).toMatchObject({ expiry_date: '2036-05-04T00:32:01', data: { a: 1 } })
        await site.django.session({ expiry: 900 })
        const later = await openWith(site.bridge, site.django.header).session()
        expect(later.getExpiryAge()).toBe(900)
        expect(later.get('a')).toBe(1)
      }))

    test('S9: the cookie line is Django’s to the byte, for a site’s own name, domain, path and flags', () =>
      onSite(
        {
          SESSION_COOKIE_NAME: 'sessionid',
          SESSION_COOKIE_DOMAIN: 'example.com',
          SESSION_COOKIE_PATH: '/shop/',
          SESSION_COOKIE_SECURE: true,
          SESSION_COOKIE_HTTPONLY: false,
          SESSION_COOKIE_SAMESITE: 'Strict',
          SESSION_COOKIE_AGE: 4000,
        },
        async (site) => {
          await site.django.session({ set: { a: 1 } })
          const line = site.django.lastSetCookie ?? ''
          const context = openWith(site.bridge, site.django.header)
          ;(await context.session()).set('a', 2)
          const { cookies } = await context.finish(200)
          const withoutDate = (text: string) => text.replace(/expires=[^;]*/, 'expires=…')
          expect(withoutDate(cookies[0]?.header ?? '')).toBe(withoutDate(line))
          await site.django.session({ do: ['flush'] })
          const deletion = site.django.lastSetCookie
          await site.django.session({ set: { a: 1 } })
          const flushing = openWith(site.bridge, site.django.header)
          await (await flushing.session()).flush()
          expect((await flushing.finish(200)).cookies[0]?.header).toBe(deletion)
        },
      ))
  },
)
