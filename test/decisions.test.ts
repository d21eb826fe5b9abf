/** The pages of docs/decisions and their index say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const FOLDER = resolve(import.meta.dirname, '../docs/decisions')
const pages = readdirSync(FOLDER).filter((name) => name !== 'README.md')
const index = readFileSync(join(FOLDER, 'README.md'), 'utf8')

describe.each(pages)('%s', (name) => {
  test('has a number, a date and a status, and stands in the index', () => {
    const [title = '', , status = ''] = readFileSync(join(FOLDER, name), 'utf8').split('\n')
    const [, number = '', heading = ''] = /^# (\d+)\. (.+)$/.exec(title) ?? []
    expect(name.startsWith(`${number.padStart(4, '0')}-`)).toBe(true)
    const [, date = '', word = ''] = /^\*\*Date\.\*\* (\d{4}-\d\d-\d\d)\. \*\*Status\.\*\* (\w+)/.exec(status) ?? []
    expect(index).toContain(`| ${number} | [${heading}](${name}) | ${date} | ${word.toLowerCase()}`)
  })
})

test('the index names no other page', () => {
  expect(index.match(/\]\(\d{4}-[^)]*\)/g)).toHaveLength(pages.length)
})
