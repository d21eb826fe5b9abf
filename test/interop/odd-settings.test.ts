/** Settings that Python takes for true, false or text although they are something else: taken as Django takes them. */
import { describe, expect, inject, onTestFinished, test } from 'vitest'
import { type Bridge, createBridge } from '../../src/bridge.ts'
import type { DjangoContext, SetCookie } from '../../src/context.ts'
import { settingsFromDjango } from '../../src/settings/from-django/settings-from-django.ts'
import { type DjangoProjectFolder, djangoProject } from './django-project.ts'

const pythons = inject('djangos').flatMap((django) => ('python' in django ? [django] : []))

const SIGNED = 'SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"\n'
const COOKIES: Readonly<Record<string, string>> = {
  'a name with a colon': 'SESSION_COOKIE_NAME = "shop:session"',
  'a path of None, and flags that are numbers':
    'SESSION_COOKIE_PATH = None\nSESSION_COOKIE_SECURE = 1\nSESSION_COOKIE_HTTPONLY = 0',
  'an empty path, and flags that are text': 'SESSION_COOKIE_PATH = ""\nSESSION_COOKIE_SECURE = "no"\nDEBUG = ""',
  'an empty domain and samesite, and flags of None':
    'SESSION_COOKIE_DOMAIN = SESSION_COOKIE_SAMESITE = ""\nSESSION_COOKIE_SECURE = SESSION_COOKIE_HTTPONLY = None',
  'samesite in capitals, and a session of the browser by a number':
    'SESSION_COOKIE_SAMESITE = "NONE"\nSESSION_EXPIRE_AT_BROWSER_CLOSE = 1',
  'SESSION_SAVE_EVERY_REQUEST by a number, and an age of a timedelta':
    'import datetime\nSESSION_SAVE_EVERY_REQUEST = 1\nSESSION_COOKIE_AGE = datetime.timedelta(hours=2).total_seconds()',
}
/** Prints the Set-Cookie lines of a request that sets a value, one that only reads it, and one that flushes. */
const LINES = `import json
from django.conf import settings
from django.http import HttpResponse
from django.test import RequestFactory
from django.contrib.sessions.middleware import SessionMiddleware
def respond(view, cookie=None):
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES[settings.SESSION_COOKIE_NAME] = cookie
    def answered(request):
        view(request.session)
        return HttpResponse()
    return list(SessionMiddleware(answered)(request).cookies.values())
first = respond(lambda session: session.update({"a": 1}))
again = respond(lambda session: session.get("a"), first[0].value)
flushed = respond(lambda session: session.flush(), first[0].value)
print("lines=" + json.dumps([[one.OutputString() for one in cookies] for cookies in (first, again, flushed)]))`

const FILES = '"BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": os.path.abspath("cached")'
const KEYS: Readonly<Record<string, string>> = {
  'a prefix of None and a version of text': '"KEY_PREFIX": None, "VERSION": "2"',
  'a prefix that is a number, and Django’s own key function': '"KEY_PREFIX": 7, "KEY_FUNCTION": default_key_func',
  'Django’s own key function by its path, and no time-out':
    '"KEY_FUNCTION": "django.core.cache.backends.base.default_key_func", "TIMEOUT": None',
}

describe.each(pythons)('odd settings on Django $version', ({ python }) => {
  test.each(Object.entries(COOKIES))('cookies with %s', async (_, lines) => {
    const project = djangoProject(python, { settings: `${SIGNED}${lines}\n` })
    const bridge = await bridgeOf(project)
    const [[first = ''] = [], again = [], [flushed] = []] = JSON.parse(printed(project, LINES, 'lines')) as string[][]
    const cookie = first.split(';', 1)[0] ?? ''
    expect(without(await cookiesOf(bridge, '', (session) => session.set('a', 1)))).toEqual([withoutValue(first)])
    const read = await cookiesOf(bridge, cookie, (session) => session.get('a'))
    expect(without(read)).toEqual(again.map(withoutValue))
    expect(await cookiesOf(bridge, cookie, (session) => session.flush())).toEqual([
      expect.objectContaining({ header: flushed }),
    ])
  })

  test.each(Object.entries(KEYS))('a cache with %s', async (_, entries) => {
    const project = djangoProject(python, {
      settings: `from django.core.cache.backends.base import default_key_func
import os
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {"default": {${FILES}, ${entries}}}
`,
    })
    const bridge = await bridgeOf(project)
    const key = printed(
      project,
      'from django.contrib.sessions.backends.cache import SessionStore\nsession = SessionStore()\nsession["a"] = 1\nsession.create()\nprint("key=" + session.session_key)',
      'key',
    )
    const cookie = `sessionid=${key}`
    const session = await open(bridge, cookie).session()
    expect(session.get('a')).toBe(1)
    await cookiesOf(bridge, cookie, (changed) => changed.set('a', 2))
    const seen = `from django.contrib.sessions.backends.cache import SessionStore\nprint("a=" + str(SessionStore("${key}")["a"]))`
    expect(printed(project, seen, 'a')).toBe('2')
  })

  async function bridgeOf(project: DjangoProjectFolder): Promise<Bridge> {
    onTestFinished(() => project.remove())
    const { settings, options } = await settingsFromDjango({ manage: project.manage, python })
    const bridge = createBridge({ ...settings, DJANGO_VERSION: '5.2' }, { options, hooks: { onWarning: () => {} } })
    onTestFinished(() => bridge.close())
    return bridge
  }
})

function printed(project: DjangoProjectFolder, code: string, name: string): string {
  return new RegExp(`^${name}=(.*)$`, 'm').exec(project.shell(code))?.[1] ?? ''
}

function open(bridge: Bridge, cookie: string): DjangoContext {
  return bridge.open({ method: 'GET', url: '/', headers: { cookie }, secure: true })
}

type Session = Awaited<ReturnType<DjangoContext['session']>>

async function cookiesOf(
  bridge: Bridge,
  cookie: string,
  change: (session: Session) => unknown,
): Promise<readonly SetCookie[]> {
  const context = open(bridge, cookie)
  await change(await context.session())
  return (await context.finish(200)).cookies
}

function without(cookies: readonly SetCookie[]): string[] {
  return cookies.map(({ header }) => withoutValue(header))
}

function withoutValue(line: string): string {
  return line.replace(/=[^;]*/, '=…').replace(/expires=[^;]*/, 'expires=…')
}
