import { expect, test } from 'vitest'
import { hashRing } from '../../../src/caches/django-redis/hash-ring.ts'
import { type VectorRecord, vectors } from '../../vectors.ts'

type Shards = VectorRecord & { nodes: string[]; keys: string[]; places: number[] }

const RELEASES = ['4.12.1', '5.4.0', '6.0.0', '7.0.0']
const records = RELEASES.flatMap((release) =>
  vectors<Shards>('values', `redis-${release}`, 'shard').map((record) => ({ release, ...record })),
)

test.each(records)('$name, of django-redis $release: each key on the server that ShardClient takes', (record) => {
  const placeOf = hashRing(record.nodes)
  expect(record.keys.map(placeOf)).toEqual(record.places)
})
