/** The middlewares that stand beside ours most often, the packages themselves. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import { Writable } from 'node:stream'
import compression from 'compression'
import cookieParser from 'cookie-parser'
import cors from 'cors'
import type express from 'express'
import { rateLimit } from 'express-rate-limit'
import expressSession from 'express-session'
import helmet from 'helmet'
import { createProxyMiddleware } from 'http-proxy-middleware'
import methodOverride from 'method-override'
import morgan from 'morgan'
import multer from 'multer'
import responseTime from 'response-time'
import { listen } from '../adapters/served.ts'
import { FOLDER, JSON_BODY, type Way } from './ways.ts'

const require = createRequire(import.meta.url)
export const express4 = require('express-4') as typeof express
const compression17 = require('compression-1.7') as typeof compression

export type Middleware = (request: never, response: never, next: (error?: unknown) => void) => unknown

export interface Tried {
  readonly name: string
  /** `express` is that of the stack. */
  make(express: typeof import('express')): Middleware | Middleware[]
  /** Works on Node's own responses too, without Express. */
  readonly isForNode?: boolean
  /** Calls `_implicitHeader`, which responses of HTTP/2 have not. */
  readonly isHttp1?: boolean
  /** Ways that fail without ours too. */
  readonly except?: readonly string[]
  /** Besides those that are tried with everyone. */
  readonly ways?: readonly Way[]
}

const FORM = 'a=1&b=two'
const MULTIPART = ['--x', 'Content-Disposition: form-data; name="a"', '', 'two', '--x--', ''].join('\r\n')

/** What another server answers, for the proxy. */
const upstream = createServer((request: IncomingMessage, response: ServerResponse) => {
  response.setHeader('Content-Type', 'text/plain')
  response.setHeader('Set-Cookie', ['theirs=1; Path=/'])
  response.write(`${request.method} ${request.url} `.repeat(10_000))
  response.end('the end')
}).unref()
const target = await listen(upstream)

const silent = new Writable({ write: (_chunk, _encoding, done) => done() })

export const MIDDLEWARES: readonly Tried[] = [
  { name: 'compression 1.8', make: () => compression() as Middleware, isForNode: true },
  {
    name: 'compression 1.7',
    make: () => compression17() as Middleware,
    isForNode: true,
    isHttp1: true,
    // Its on-headers 1.0 does not take names and values in turn.
    except: ['writeHead with a list'],
  },
  { name: 'helmet', make: () => helmet() as Middleware, isForNode: true },
  {
    name: 'cors',
    make: () => cors({ origin: true, credentials: true }) as Middleware,
    isForNode: true,
    ways: [
      {
        name: 'preflight',
        byMiddleware: true,
        ask: (_, ask) =>
          ask({
            path: '/send',
            method: 'OPTIONS',
            headers: { origin: 'https://a.example', 'access-control-request-method': 'PUT' },
          }),
      },
      { name: 'of another origin', ask: (_, ask) => ask({ path: '/pipe', headers: { origin: 'https://a.example' } }) },
    ],
  },
  { name: 'morgan', make: () => morgan('combined', { stream: silent }) as Middleware, isForNode: true },
  {
    name: 'express-session',
    make: () =>
      expressSession({
        secret: 'of the other session',
        resave: true,
        saveUninitialized: true,
        store: undefined as never,
      }) as Middleware,
    isForNode: true,
    isHttp1: true,
  },
  { name: 'cookie-parser', make: () => cookieParser('a secret') as Middleware, isForNode: true },
  {
    name: 'express-rate-limit',
    make: () =>
      rateLimit({
        windowMs: 3_600_000,
        limit: 100_000,
        standardHeaders: 'draft-8',
        legacyHeaders: false,
      }) as unknown as Middleware,
  },
  { name: 'response-time', make: () => responseTime() as Middleware, isForNode: true },
  {
    name: 'method-override',
    make: () => methodOverride() as Middleware,
    isForNode: true,
    ways: [
      {
        name: 'overridden',
        ask: (_, ask) =>
          ask({ path: '/body', ...JSON_BODY, headers: { ...JSON_BODY.headers, 'x-http-method-override': 'DELETE' } }),
      },
    ],
  },
  {
    name: 'body parsers',
    make: (express) =>
      [express.json(), express.urlencoded({ extended: true }), express.text(), express.raw()] as Middleware[],
    ways: [
      {
        name: 'form',
        ask: (_, ask) =>
          ask({
            path: '/body',
            method: 'POST',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: FORM,
          }),
      },
      {
        name: 'broken body',
        failsTwice: true,
        byMiddleware: true,
        ask: (_, ask) => ask({ path: '/body', ...JSON_BODY, body: '{"a":' }),
      },
    ],
  },
  {
    name: 'multer',
    make: () => multer().any() as unknown as Middleware,
    ways: [
      {
        name: 'multipart',
        ask: (_, ask) =>
          ask({
            path: '/body',
            method: 'POST',
            headers: { 'content-type': 'multipart/form-data; boundary=x' },
            body: MULTIPART,
          }),
      },
    ],
  },
  {
    name: 'serve-static',
    make: (express) => express.static(FOLDER) as Middleware,
    ways: [
      { name: 'static file', byMiddleware: true, ask: (_, ask) => ask({ path: '/lines.txt' }) },
      {
        name: 'part of it',
        byMiddleware: true,
        ask: (_, ask) => ask({ path: '/lines.txt', headers: { range: 'bytes=100-199' } }),
      },
      {
        name: 'not changed',
        byMiddleware: true,
        ask: (_, ask) =>
          ask({
            path: '/lines.txt',
            headers: { 'if-modified-since': new Date(Date.now() + 86_400_000).toUTCString() },
          }),
      },
    ],
  },
  {
    name: 'http-proxy-middleware',
    make: () => createProxyMiddleware({ target, pathFilter: '/proxied' }) as unknown as Middleware,
    ways: [
      { name: 'proxied', byMiddleware: true, ask: (_, ask) => ask({ path: '/proxied/page' }) },
      { name: 'proxied POST', byMiddleware: true, ask: (_, ask) => ask({ path: '/proxied/page', ...JSON_BODY }) },
    ],
  },
]
