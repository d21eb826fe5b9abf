/** What Node writes is there for the site, and a logout by Node is one for the site. */
import { isDeepStrictEqual } from 'node:util'
import { judge } from './judge.ts'
import { openAs, type Trial, type Visitor } from './visitors.ts'

const WRITTEN = { text: 'ä😀', list: [1, 2.5, null, true] }

export async function changeSessions(trial: Trial): Promise<void> {
  const { visitors, askDjango } = trial
  const [first, second] = visitors.filter(({ kind }) => kind === 'live')
  if (first === undefined || second === undefined) throw new Error('nobody is logged in')
  const writing = openAs(trial, first)
  ;(await writing.session()).set('from_node', WRITTEN)
  await writing.finish(200)
  await flush(trial, second)
  // Django leaves this one, which `doctor` would find.
  for (const visitor of visitors.filter(({ kind }) => kind === 'an unknown backend')) await flush(trial, visitor)

  const [after, gone] = await askDjango([first, second])
  const isThere = isDeepStrictEqual(after?.values.from_node, WRITTEN)
  judge('Django reads what Node wrote, and the login stays', isThere && after?.user != null, JSON.stringify(after))
  judge('a logout by Node is one for Django', gone?.user === null, JSON.stringify(gone))
}

async function flush(trial: Trial, visitor: Visitor): Promise<void> {
  const django = openAs(trial, visitor)
  await (await django.session()).flush()
  await django.finish(200)
}
