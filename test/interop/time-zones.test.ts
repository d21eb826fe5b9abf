/** Moments in zones with rules, as Python's zoneinfo has them: near the switches of clocks too, where `fold` counts. */
import { expect } from 'vitest'
import { PyDate, PyDateTime, PyTime } from '../../src/python/dates.ts'
import { PyTimeZone } from '../../src/python/time-zones.ts'
import { seededRandom } from '../seeded-random.ts'
import { randomTrials } from './random-trials.ts'

/** Zones whose past is settled: an hour, half an hour or a whole day forward or back, and seconds before 1900. */
const ZONES = [
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'America/Sao_Paulo',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Kolkata',
  'UTC',
]

randomTrials('moments of random zones', 1_000, async ({ oracle, runs, seed }) => {
  const random = seededRandom(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const moments = Array.from({ length: runs }, () => {
    const zone = ZONES[below(ZONES.length)] ?? 'UTC'
    const [year, fold] = [1890 + below(140), below(2)]
    return { zone, year, fold, near: below(5), minutes: below(300) - 150 }
  })
  type Told = { parts: [number, number, number, number, number, number]; offset: number; text: string }
  const told = await oracle.ask<Told[]>({ op: 'zone_times', moments })
  expect(told.length).toBe(runs)
  for (const [index, { parts, offset, text }] of told.entries()) {
    const { zone, fold } = moments[index] ?? { zone: '', fold: 0 }
    const [year, month, day, hour, minute, second] = parts
    const time = new PyTime({ hour, minute, second, fold, zone: PyTimeZone.zoneInfo(zone) })
    const moment = new PyDateTime(new PyDate(year, month, day), time)
    expect([zone, fold, String(moment)]).toEqual([zone, fold, text])
    expect(moment.offsetSeconds).toBe(offset)
    const again = PyDateTime.from(moment.toDate() ?? new Date(Number.NaN), PyTimeZone.zoneInfo(zone))
    expect(again.toDate()).toEqual(moment.toDate())
  }
})
