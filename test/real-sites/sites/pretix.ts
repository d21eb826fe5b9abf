/** pretix, which sells tickets. @see https://pypi.org/project/pretix/ */
import { saltedHmac } from '../../../src/signing/salted-hmac.ts'
import type { RealSite } from '../real-site.ts'

export const PRETIX: RealSite = {
  name: 'pretix',
  about: 'a ticket shop: users by e-mail, a SessionMiddleware of its own, hijack, on Django 5.2 and SQLite',
  database: 'sqlite',
  settings: `from pretix.settings import *
SECRET_KEY = "a secret key of a site that is made for a test"
ALLOWED_HOSTS = ["*"]
DEBUG = False
`,
  env: (folder) => ({ DATA_DIR: folder, PRETIX_PRETIX_URL: 'https://localhost' }),
  makeUser: `
from pretix.base.models import User
def make_user(name):
    return User.objects.create_user("user" + str(sum(map(ord, name))) + "@example.com", "a password 7")
`,
  answers: {
    acknowledge: ['session_middleware', 'middleware_sets_user'],
    options: { readCookieNames: ['__Host-pretix_session'] },
    hooks: {
      // @see pretix/base/models/auth.py User._get_session_auth_hash
      sessionAuthHash: ({ password, email, session_token: token }, secretKey) =>
        saltedHmac('pretix.base.models.User.get_session_auth_hash', `${password}${email}${token}`, secretKey).toString(
          'hex',
        ),
    },
    why: 'the middleware also reads the cookie __Host-pretix_session, which readCookieNames names; nobody is hijacked.',
  },
}
