/** Node and a live Django on the same pickled sessions, by a PickleSerializer of the site's own. */
import { inject } from 'vitest'
import { describePickledSessions } from '../contracts/pickled-sessions.ts'
import { sitesToTest, startLiveSite } from './live-site.ts'

for (const where of sitesToTest(inject('djangos'), { postgres: inject('postgres'), mysql: inject('mysql') })) {
  describePickledSessions(where.name, {
    start: () => startLiveSite(where, { SESSION_SERIALIZER: 'fixture.serializers.PickleSerializer' }),
    stored: (site, key) => site.sql('SELECT session_data FROM django_session WHERE session_key = ?', key),
  })
}
