/** The page of the Node half. */
import type { Claims, DjangoUser } from 'django-session-bridge'

export interface HomePage {
  readonly user: DjangoUser | null
  readonly cart: readonly string[]
  /** What the JWT cookie states; null with Django's plain cookie. */
  readonly claims: Claims | null
  readonly djangoUrl: string
}

export function homePage({ user, cart, claims, djangoUrl }: HomePage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>The shop – Node</title>
<link rel="stylesheet" href="/site.css">
</head>
<body class="node">
<header><h1>The shop</h1><p class="served">served by <strong>Node</strong></p></header>
<main>
<section>
<h2>You</h2>
${
  user === null
    ? `<p class="who">Not logged in.</p>
<p><a class="button" href="${escapeHtml(djangoUrl)}/accounts/login/">Log in, at Django</a></p>`
    : `<p class="who">Logged in as <strong>${escapeHtml(user.username)}</strong>.</p>
<form method="post" action="/logout"><button>Log out here, in Node</button></form>`
}
</section>
<section>
<h2>Your cart</h2>
${cart.length === 0 ? '<p>Empty.</p>' : `<ul class="cart">${cart.map((item) => `<li>${escapeHtml(item)}</li>`).join('')}</ul>`}
<form method="post" action="/cart/add">
<label>Add <input name="item" value="a box of nails" required maxlength="60"></label><button>Add here, in Node</button>
</form>
</section>
${claims === null ? '' : statements(claims)}
<nav><a href="${escapeHtml(djangoUrl)}/">See the same session in Django →</a></nav>
</main>
<footer>One session, two servers. This page was made by JavaScript.</footer>
</body>
</html>
`
}

/** The session key stays out of the page: whoever reads it has the session. */
function statements(claims: Claims): string {
  const shown = Object.entries(claims).filter(([name]) => name !== 'sk')
  return `<section>
<h2>What the cookie states</h2>
<dl>${shown.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`).join('')}</dl>
</section>`
}

function escapeHtml(value: unknown): string {
  return String(value).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
