/** Walks the tour as a person would, and compares what both sides show. `npm start -- --check` */
import { Browser, type Page } from './browser.ts'
import type { CookieKind } from './cookie-kinds.ts'

export interface TourSites {
  readonly kind: CookieKind
  readonly djangoUrl: string
  readonly nodeUrl: string
  /** A service that holds only a key: whom does this Cookie header state? */
  readonly statedUser: ((cookieHeader: string) => string | null) | null
}

/** Called after each step with what was expected and what was seen. */
export type Report = (step: { what: string; seen: string; expected: string }) => void

const LOGIN = { username: 'ada', password: 'lovelace' }

export async function walk(sites: TourSites, report: Report): Promise<void> {
  const { djangoUrl, nodeUrl } = sites
  const browser = new Browser()
  const django = () => browser.get(`${djangoUrl}/`)
  const node = () => browser.get(`${nodeUrl}/`)
  const expectShown = (what: string, page: Page, who: string, cart: readonly string[] = []) => {
    report({ what, seen: shown(page), expected: show(who, cart) })
  }

  expectShown('open the Node page', await node(), NOBODY)
  await browser.get(`${djangoUrl}/accounts/login/`)
  expectShown('log in at Django', await browser.submit(`${djangoUrl}/accounts/login/`, LOGIN), 'ada')
  expectShown('open the Node page again', await node(), 'ada')
  const cookie = browser.cookie('sessionid') ?? ''
  report({ what: 'look at the cookie', seen: kindOf(cookie), expected: sites.kind })
  if (sites.statedUser !== null) {
    const seen = sites.statedUser(`sessionid=${cookie}`) ?? 'nobody'
    report({ what: 'ask a service that holds only the key', seen, expected: 'ada' })
  }

  const nails = await browser.submit(`${nodeUrl}/cart/add`, { item: 'nails' })
  expectShown('add nails to the cart in Node', nails, 'ada', ['nails'])
  expectShown('look in Django', await django(), 'ada', ['nails'])
  const tea = await browser.submit(`${djangoUrl}/cart/add`, { item: 'tea' })
  expectShown('add tea in Django', tea, 'ada', ['nails', 'tea'])
  expectShown('look in Node', await node(), 'ada', ['nails', 'tea'])
  const both = await browser.submit(`${nodeUrl}/cart/add`, { item: 'glue' })
  expectShown('add glue in Node', both, 'ada', ['nails', 'tea', 'glue'])

  const foreign = await browser.submit(`${nodeUrl}/cart/add`, { item: 'spam' }, { origin: 'https://elsewhere.example' })
  report({ what: "send Node's form from another site", seen: String(foreign.status), expected: '403' })
  expectShown('look in Django', await django(), 'ada', ['nails', 'tea', 'glue'])

  const kept = browser.cookie('sessionid') ?? ''
  expectShown('log out in Django', await browser.submit(`${djangoUrl}/accounts/logout/`, {}), NOBODY)
  expectShown('look in Node', await node(), NOBODY)
  browser.setCookie('sessionid', kept)
  expectShown('show Node the old cookie', await node(), NOBODY)
  browser.setCookie('sessionid', kept)
  expectShown('show Django the old cookie', await django(), NOBODY)

  await browser.get(`${djangoUrl}/accounts/login/`)
  expectShown('log in at Django once more', await browser.submit(`${djangoUrl}/accounts/login/`, LOGIN), 'ada')
  expectShown('look in Node', await node(), 'ada')
  const second = browser.cookie('sessionid') ?? ''
  expectShown('log out in Node', await browser.submit(`${nodeUrl}/logout`, {}), NOBODY)
  browser.setCookie('sessionid', second)
  expectShown('show Django the old cookie', await django(), NOBODY)
}

/** The steps that need no Django: a session that Django stored is opened, changed and ended. */
export async function walkNodeOnly(nodeUrl: string, cookie: string, report: Report): Promise<void> {
  const browser = new Browser()
  const node = () => browser.get(`${nodeUrl}/`)
  report({ what: 'open the Node page', seen: shown(await node()), expected: show(NOBODY, []) })
  browser.setCookie('sessionid', cookie)
  report({ what: 'bring a cookie from Django', seen: shown(await node()), expected: show('ada', ['tea']) })
  const nails = await browser.submit(`${nodeUrl}/cart/add`, { item: 'nails' })
  report({ what: 'add nails to the cart in Node', seen: shown(nails), expected: show('ada', ['tea', 'nails']) })
  report({ what: 'look again', seen: shown(await node()), expected: show('ada', ['tea', 'nails']) })
  const kept = browser.cookie('sessionid') ?? ''
  const out = await browser.submit(`${nodeUrl}/logout`, {})
  report({ what: 'log out in Node', seen: shown(out), expected: show(NOBODY, []) })
  browser.setCookie('sessionid', kept)
  report({ what: 'show Node the old cookie', seen: shown(await node()), expected: show(NOBODY, []) })
}

const NOBODY = 'nobody'

function show(who: string, cart: readonly string[]): string {
  return `${who}, ${cart.length === 0 ? 'empty cart' : `cart: ${cart.join(', ')}`}`
}

/** What a person reads on the page. */
function shown({ status, html }: Page): string {
  if (status !== 200) return `status ${status}`
  const who = /Logged in as <strong>([^<]*)<\/strong>/.exec(html)?.[1] ?? NOBODY
  return show(
    who,
    Array.from(html.matchAll(/<li>([^<]*)<\/li>/g), ([, item = '']) => item),
  )
}

function kindOf(cookie: string): string {
  const [header = '', ...rest] = cookie.split('.')
  if (rest.length !== 2) return 'plain'
  return String((JSON.parse(Buffer.from(header, 'base64url').toString()) as { alg: unknown }).alg)
}
