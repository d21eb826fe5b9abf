/** Evennia, which serves games of text. @see https://pypi.org/project/evennia/ */
import type { RealSite } from '../real-site.ts'

export const EVENNIA: RealSite = {
  name: 'evennia',
  about:
    'a server of text games on Django 5.2 and SQLite: users as Python keeps them in memory, a login of its own middleware',
  database: 'own',
  make: () => ['evennia', '--init', 'game'],
  project: (folder) => ({ command: ['evennia'], cwd: `${folder}/game` }),
  env: () => ({
    EVENNIA_SUPERUSER_USERNAME: 'owner',
    EVENNIA_SUPERUSER_PASSWORD: 'a password 7',
    EVENNIA_SUPERUSER_EMAIL: 'owner@example.com',
  }),
  makeUser: `
from django.contrib.auth import get_user_model
def make_user(name):
    return get_user_model().objects.create_user(name, str(sum(map(ord, name))) + "@example.com", "a password 7")

def more(maker):
    user = make_user("player")
    for number in range(2):
        session = maker.store()
        session["cart"] = ["a game", number]
        session["webclient_authenticated_uid"] = user.pk
        session.save()
        maker.add("logged in to the game alone", session.session_key)
`,
  unlike: { 'logged in to the game alone': 'middleware_sets_user' },
  answers: {
    acknowledge: ['user_from_db', 'user_manager', 'middleware_sets_user'],
    why: 'Python keeps users that it has read; its middleware logs in who is in the game, which Django then has in the session.',
  },
}
