/** Compiled, never run: a program that has its declarations written can export what this library returns. */
import { createBridge, float, loginRequired, settingsFromEnv } from 'django-session-bridge'
import * as express from 'django-session-bridge/express'
import * as web from 'django-session-bridge/fetch'
import { createJwtVerifier } from 'django-session-bridge/jwt'
import * as node from 'django-session-bridge/node'
import { parsePythonJson, splitPythonObject } from 'django-session-bridge/python'
import { createSessionCodec, sessionOf, sessionValues } from 'django-session-bridge/session-data'
import { cookieSigner, loads, Signer, saltedHmac, TimestampSigner } from 'django-session-bridge/signing'
import { testSession } from 'django-session-bridge/testing'

export const bridge = createBridge(settingsFromEnv())
export const settings = { all: bridge.settings, ...bridge.settings }
export const jwt = bridge.settings.DJANGO_SESSION_JWT
export const databases = bridge.settings.DATABASES

export const django = bridge.open({ method: 'GET', url: '/', headers: {}, secure: false })
export const opened = [django.request, django.session(), django.user(), django.auth(), django.finish(200)] as const
export const claims = django.claims
export const denial = loginRequired(django.request, '/')
export const price = float(1)

export const expressHandlers = [
  express.djangoSessions(bridge),
  express.requireUser(),
  express.originCheck(),
  express.withUser((_request, response, user) => response.send(user.username)),
] as const
export const nodeHandlers = [
  node.djangoSessions(bridge, () => undefined),
  node.withUser(() => undefined),
  node.originCheck(() => undefined),
] as const
export const webHandlers = [
  web.djangoSessions(bridge, () => new Response()),
  web.withUser(() => new Response()),
  web.originCheck(() => new Response()),
] as const

export const verifier = createJwtVerifier({ secret: 'a secret of thirty-two bytes or more', FIELDS: ['email'] })
export const verdict = verifier.verifyCookie('')

const key = 'a key of the site'
export const signers = [new Signer({ key }), new TimestampSigner({ key }), cookieSigner({ key })] as const
export const signed = [loads('', { key }), saltedHmac('salt', 'value', key)] as const

export const codec = createSessionCodec({ SECRET_KEY: key })
export const decoded = codec.decode('')
export const data = sessionOf([['cart', ['tea']]])
export const values = 'data' in decoded ? sessionValues(decoded.data) : null
export const json = [parsePythonJson('{}'), splitPythonObject('{}')] as const

export const site = testSession()
export const others = site.then(async ({ session, stored }) => [await session(), await stored()] as const)

export class Shop {
  readonly bridge = bridge
  readonly session = django.session()
  readonly site = site
}
