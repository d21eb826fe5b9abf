/** Small Django projects in folders of their own, for tests of what a project's Python decides. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const MANAGE = `import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
`
const SETTINGS = `SECRET_KEY = "the secret key of a small project"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "accounts"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
AUTH_USER_MODEL = "accounts.Member"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware"]
ROOT_URLCONF = "shop.urls"
DEBUG = True
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
`
const MODELS = `from django.contrib.auth.models import AbstractUser
class Member(AbstractUser):
    pass
`

export interface DjangoProjectFolder {
  readonly folder: string
  readonly manage: string
  /** Runs Python in the project's shell; returns what it printed. */
  shell(code: string): string
  remove(): void
}

/** @param files by path; `settings` is put behind the settings that all have, `models` in place of the plain model */
export function djangoProject(
  python: string,
  { settings = '', models = MODELS, ...files }: Readonly<Record<string, string>> = {},
): DjangoProjectFolder {
  const folder = mkdtempSync(join(tmpdir(), 'bridge-project-'))
  const all: Record<string, string> = {
    'manage.py': MANAGE,
    'shop/__init__.py': '',
    'shop/settings.py': SETTINGS + settings,
    'shop/urls.py': 'urlpatterns = []\n',
    'accounts/__init__.py': '',
    'accounts/models.py': models,
    ...files,
  }
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  const manage = join(folder, 'manage.py')
  return {
    folder,
    manage,
    shell: (code) =>
      execFileSync(python, [manage, 'shell', '-c', `exec(${JSON.stringify(code)}, {})`], {
        cwd: folder,
        encoding: 'utf8',
      }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
