/** Review Board, which reviews code. @see https://pypi.org/project/ReviewBoard/ */
import { CREATE_USER } from '../create-user.ts'
import type { RealSite } from '../real-site.ts'

export const REVIEWBOARD: RealSite = {
  name: 'reviewboard',
  about:
    'code review on Django 4.2 and SQLite: cached_db in files, backends chosen in its database, logins by certificate',
  database: 'own',
  make: (folder) => [
    'rb-site',
    ...['install', '--noinput', '--advanced', '--opt-out-support-data', '--sitelist', `${folder}/sites`],
    ...['--domain-name', 'localhost', '--site-root', '/', '--db-type', 'sqlite3'],
    ...['--cache-type', 'file', '--cache-info', `${folder}/cache`],
    ...['--admin-user', 'owner', '--admin-password', 'a password 7', '--admin-email', 'owner@example.com'],
    `${folder}/site`,
  ],
  env: (folder) => ({ PYTHONPATH: `${folder}/site/conf`, DJANGO_SETTINGS_MODULE: 'reviewboard.settings' }),
  project: () => ({ settingsModule: 'reviewboard.settings' }),
  setUp: [],
  makeUser: `
from reviewboard import initialize
initialize()
${CREATE_USER}`,
  doctor: 'wrong_users',
  answers: {
    acknowledge: ['backend_get_user', 'middleware_sets_user'],
    settings: { AUTHENTICATION_BACKENDS: ['reviewboard.accounts.backends.standard.StandardAuthBackend'] },
    options: { backendsAllowingInactive: ['reviewboard.accounts.backends.standard.StandardAuthBackend'] },
    why: 'the backends are in its database, and it puts them into the settings at its first request; get_user does not ask for is_active; no certificate comes over this connection.',
  },
}
