/** Kolibri, a school's library: everything about its users and sessions is its own. @see https://pypi.org/project/kolibri/ */
import type { RealSite } from '../real-site.ts'

export const KOLIBRI: RealSite = {
  name: 'kolibri',
  about:
    'a school’s library on Django 3.2, six SQLite files, its own command, user model, key, backend and session class',
  database: 'own',
  env: (folder) => ({ KOLIBRI_HOME: folder }),
  project: () => ({ command: ['kolibri', 'manage'] }),
  makeUser: `
from django.contrib.auth import get_user_model
from kolibri.core.auth.models import Facility
import re
def make_user(name):
    facility = Facility.get_default_facility() or Facility.objects.create(name="a school")
    return get_user_model().objects.create_user(re.sub(r"\\W", "_", name), facility=facility, password="a password 7")

def more(maker):
    import datetime
    from kolibri.core.auth.models import FacilityUser
    user = make_user("hidden")
    maker.sessions_of("deleted softly since", user, 2)
    user.date_deleted = datetime.datetime.now(datetime.timezone.utc)
    user.save()
`,
  // Its middleware keeps what it found by the user's id, for 300 seconds: an anonymous user, too.
  unlike: {
    'password changed since': 'authentication_middleware',
    'logged in after the change': 'authentication_middleware',
    "another user's hash": 'authentication_middleware',
    "another user's id": 'authentication_middleware',
    'an unknown backend': 'authentication_middleware',
  },
  answers: {
    acknowledge: ['user_key', 'backend_get_user', 'session_middleware'],
    hooks: { veto: (user) => user.date_deleted !== null },
    options: { sessionTable: { columns: (data) => ({ user_id: data.get('_auth_user_id') ?? null }) } },
    why: 'keys are 32 digits of text; get_user finds users by the manager that hides those with date_deleted.',
  },
}
