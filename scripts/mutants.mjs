/**
 * Changes the sources one place at a time (Stryker), runs the unit tests that reach the place, and prints which
 * changes no test noticed, by folder. The tests next to the folder run first; a change that they miss is tried again
 * with all unit tests. Options go to Stryker.
 *
 *     node scripts/mutants.mjs [src/session] [src/auth/guards.ts] … [--concurrency 1]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const FOLDERS = ['src/auth', 'src/cookies', 'src/jwt', 'src/session', 'src/signing']
/** Tests at the root of test/ that are nearest to a folder, beside the folder's own. */
const NEAREST = {
  auth: ['context.login', 'login'],
  cookies: ['context', 'context.signed-cookies', 'jwt-sessions'],
  jwt: ['jwt-sessions'],
  session: ['context', 'context.signed-cookies'],
}
const SEEN = new Set(['Killed', 'Timeout', 'RuntimeError'])
const UNSEEN = new Set(['Survived', 'NoCoverage'])

const isPath = (text) => text.startsWith('src/')
const options = process.argv.slice(2).filter((text) => !isPath(text))
const asked = process.argv.slice(2).filter(isPath)
const paths = asked.length > 0 ? asked.map((path) => path.replace(/\/+$/, '')) : FOLDERS
for (const path of paths) if (!existsSync(join(root, path))) fail(`${path} does not exist.`)

setPriority(constants.priority.PRIORITY_LOW)
const explained = JSON.parse(readFileSync(join(root, 'scripts/mutants-explained.json'), 'utf8'))
const scores = paths.map((path) => report(path, mutantsOf(path)))
if (!options.includes('--dryRunOnly')) {
  console.log('\nfolder or file         mutants   killed    score  survivors  explained')
  for (const { path, all, killed, left, known } of scores) {
    const score = all === 0 ? '–' : `${((100 * killed) / all).toFixed(1)} %`
    const cells = [String(all).padStart(7), String(killed).padStart(8), score.padStart(8), String(left).padStart(10)]
    console.log(`${path.padEnd(22)} ${cells.join(' ')} ${String(known).padStart(10)}`)
  }
}

/** The mutants of a path, each with its last status. */
function mutantsOf(path) {
  const isFolder = statSync(join(root, path)).isDirectory()
  const folder = basename(isFolder ? path : dirname(path))
  const near = [`test/${folder}/**/*.test.ts`, ...(NEAREST[folder] ?? []).map((name) => `test/${name}.test.ts`)]
  const first = run([isFolder ? `${path}/**/*.ts` : path], near)
  const left = first.filter(({ status }) => UNSEEN.has(status))
  if (left.length === 0) return first
  const second = run(left.map(rangeOf), [])
  const statuses = new Map(second.map((mutant) => [identity(mutant), mutant.status]))
  return first.map((mutant) => (UNSEEN.has(mutant.status) ? withStatus(mutant, statuses) : mutant))
}

function withStatus(mutant, statuses) {
  return { ...mutant, status: statuses.get(identity(mutant)) ?? mutant.status }
}

/** @param tests files, or none for all unit tests */
function run(patterns, tests) {
  const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  const { status } = spawnSync(process.execPath, [stryker, 'run', '--mutate', patterns.join(','), ...options], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, BRIDGE_MUTANT_TESTS: tests.join(',') },
  })
  if (status !== 0) fail('Stryker failed; its messages are above.')
  if (options.includes('--dryRunOnly')) return []
  const { files } = JSON.parse(readFileSync(join(root, '.cache/mutants.json'), 'utf8'))
  return Object.entries(files).flatMap(([file, { source, mutants }]) => {
    return mutants.map((mutant) => ({ ...mutant, file, source }))
  })
}

/** What Stryker's option takes: columns from 0, where its report has them from 1. */
function rangeOf({ file, location: { start, end } }) {
  return `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`
}

function identity({ file, location, replacement, mutatorName }) {
  return JSON.stringify([file, location, mutatorName, replacement])
}

function report(path, mutants) {
  const judged = mutants.filter(({ status }) => SEEN.has(status) || UNSEEN.has(status))
  const left = judged.filter(({ status }) => UNSEEN.has(status))
  let known = 0
  for (const [file, survivors] of Map.groupBy(left, (mutant) => mutant.file)) {
    console.log(`\n${file}`)
    for (const mutant of survivors) if (printSurvivor(mutant)) known++
  }
  return { path, all: judged.length, killed: judged.length - left.length, left: left.length, known }
}

/** Prints a mutant that no test noticed; returns whether it is explained. */
function printSurvivor({ file, source, location: { start, end }, replacement = '', status }) {
  const original = textBetween(source, start, end)
  const mutated = oneLine(replacement)
  const why = explained.find((entry) => {
    return entry.file === file && entry.original === original && entry.replacement === mutated
  })?.why
  const uncovered = status === 'NoCoverage' ? ' (no test reaches it)' : ''
  console.log(`  ${start.line}:${start.column} ${original} → ${mutated}${uncovered}${why ? ` – ${why}` : ''}`)
  return why !== undefined
}

/** The mutated code on one line; Stryker counts lines and columns from 1. */
function textBetween(source, start, end) {
  const lines = source.split('\n').slice(start.line - 1, end.line)
  lines[lines.length - 1] = lines.at(-1).slice(0, end.column - 1)
  lines[0] = lines[0].slice(start.column - 1)
  return oneLine(lines.join('\n'))
}

function oneLine(text) {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > 160 ? `${line.slice(0, 160)}…` : line
}

function fail(text) {
  console.error(`mutants: ${text}`)
  process.exit(1)
}
