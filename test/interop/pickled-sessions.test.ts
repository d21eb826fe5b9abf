/** Node and a live Django on the same pickled sessions: by Django's own PickleSerializer in 4.2, since 5.0 by the site's. */
import { inject } from 'vitest'
import { describePickledSessions } from '../contracts/pickled-sessions.ts'
import { sitesToTest, startLiveSite } from './live-site.ts'

for (const where of sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') })) {
  const owner = where.runtime.version === '4.2' ? 'django.contrib.sessions' : 'fixture'
  describePickledSessions(where.name, {
    start: () => startLiveSite(where, { SESSION_SERIALIZER: `${owner}.serializers.PickleSerializer` }),
    stored: (site, key) => site.sql('SELECT session_data FROM django_session WHERE session_key = ?', key),
  })
}
