/** Kiwi TCMS, which manages tests. @see https://pypi.org/project/kiwitcms/ */
import { CREATE_USER } from '../create-user.ts'
import type { RealSite } from '../real-site.ts'

export const KIWITCMS: RealSite = {
  name: 'kiwitcms',
  about: 'test management: cached_db, guardian, on PostgreSQL',
  database: 'postgres',
  settings: `from tcms.settings.common import *
SECRET_KEY = "a secret key of a site that is made for a test"
ALLOWED_HOSTS = ["*"]
DEBUG = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:6379/9"}}
`,
  makeUser: CREATE_USER,
}
