import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createJwtVerifier } from 'django-session-bridge/jwt'

const verifier = createJwtVerifier({
  publicKey: readFileSync(process.env.JWT_PUBLIC_KEY_FILE ?? 'public.pem', 'utf8'), // or `secret` for HS256
  FIELDS: [['id', 'id', 'user_id'], ['username', 'u', 'username'], 'email'], // as in DJANGO_SESSION_JWT
})

createServer((request, response) => {
  const verdict = verifier.verifyCookie(request.headers.cookie) // never throws, whatever the browser sent
  const name = verdict.ok ? verdict.claims.username : undefined
  // A token says who was known when it was issued. Someone who has logged out since still has it until its `exp`.
  response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.end(name === undefined ? 'Hello, stranger.\n' : `Hello, ${name}.\n`)
}).listen(Number(process.env.PORT ?? 3000), '127.0.0.1')
