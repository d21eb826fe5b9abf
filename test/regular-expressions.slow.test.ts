/** No text, whatever its length, holds a pattern up: each matches in linear time. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ParserOptions, parse } from '@babel/parser'
import { checkSync } from 'recheck'
import { describe, expect, test } from 'vitest'

const SOURCES = resolve(import.meta.dirname, '../src')
const TYPESCRIPT: ParserOptions = { sourceType: 'module', plugins: ['typescript'] }

interface Pattern {
  readonly source: string
  readonly flags: string
}

function patternsOf(file: string): Pattern[] {
  const found: Pattern[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { type, pattern, flags } = node as { type?: unknown; pattern?: string; flags?: string }
    if (type === 'RegExpLiteral') found.push({ source: String(pattern), flags: String(flags) })
    for (const value of Array.isArray(node) ? node : Object.values(node)) visit(value)
  }
  visit(parse(readFileSync(join(SOURCES, file), 'utf8'), TYPESCRIPT).program)
  return found
}

const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const byFile = files.map((file) => ({ file, patterns: patternsOf(file) })).filter(({ patterns }) => patterns.length > 0)

test('all patterns are literals, which can be looked at', () => {
  const made = files.filter((file) => /\bnew RegExp\(|[^.\w]RegExp\(/.test(readFileSync(join(SOURCES, file), 'utf8')))
  expect(made).toEqual([])
  expect(byFile.flatMap(({ patterns }) => patterns).length).toBeGreaterThan(200)
})

test('a pattern of quadratic time is told from one of linear time', () => {
  expect(checkSync('0+$', '').status).toBe('vulnerable')
  expect(checkSync('^0+$', '').status).toBe('safe')
})

describe.each(byFile)('$file', ({ patterns }) => {
  test.each(patterns)('/$source/$flags is linear', ({ source, flags }) => {
    expect(checkSync(source, flags.replace('v', 'u'), { timeout: 60_000 }).status).toBe('safe')
  })
})
