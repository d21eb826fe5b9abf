/** Mezzanine, which manages pages. @see https://pypi.org/project/Mezzanine/ */
import { CREATE_USER } from '../create-user.ts'
import type { RealSite } from '../real-site.ts'

export const MEZZANINE: RealSite = {
  name: 'mezzanine',
  about: 'Mezzanine, a CMS with a backend of its own, on Django 4.2 and SQLite',
  database: 'sqlite',
  settings: `from mezzanine_project.settings import *
SECRET_KEY = "a secret key of a site that is made for a test"
ALLOWED_HOSTS = ["*"]
DEBUG = False
`,
  makeUser: CREATE_USER,
}
