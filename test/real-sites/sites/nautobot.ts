/** Nautobot, which keeps what a network consists of. @see https://pypi.org/project/nautobot/ */
import { CREATE_USER } from '../create-user.ts'
import type { RealSite } from '../real-site.ts'

export const NAUTOBOT: RealSite = {
  name: 'nautobot',
  about: 'a network’s source of truth on Django 5.2 and PostgreSQL: users with UUIDs, its own backend, REMOTE_USER',
  isSlow: true,
  database: 'postgres',
  project: () => ({ command: ['nautobot-server'] }),
  settings: `from nautobot.core.settings import *
SECRET_KEY = "a secret key of a site that is made for a test, long enough"
ALLOWED_HOSTS = ["*"]
`,
  env: (folder) => ({ NAUTOBOT_ROOT: folder, NAUTOBOT_CONFIG: `${folder}/own_settings.py` }),
  path: '/login/',
  makeUser: CREATE_USER,
}
