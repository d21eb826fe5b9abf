/**
 * Changes the sources one place at a time (Stryker), runs the unit tests that reach the place, and prints which
 * changes no test noticed, by folder. A folder takes minutes, all of them a night. Options go to Stryker: `--incremental`
 * tests again only what changed in the mutated files and their tests.
 *
 *     node scripts/mutants.mjs [src/session] [src/auth/guards.ts] … [--incremental]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { constants, setPriority } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const FOLDERS = ['src/auth', 'src/cookies', 'src/jwt', 'src/session', 'src/signing']
const SEEN = new Set(['Killed', 'Timeout', 'RuntimeError'])
const UNSEEN = new Set(['Survived', 'NoCoverage'])

const options = process.argv.slice(2).filter((text) => text.startsWith('-'))
const asked = process.argv.slice(2).filter((text) => !text.startsWith('-'))
const paths = asked.length > 0 ? asked.map((path) => path.replace(/\/+$/, '')) : FOLDERS
for (const path of paths) if (!existsSync(join(root, path))) fail(`${path} does not exist.`)

setPriority(constants.priority.PRIORITY_LOW)
const patterns = paths.map((path) => (statSync(join(root, path)).isDirectory() ? `${path}/**/*.ts` : path))
const stryker = join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js')
const { status } = spawnSync(process.execPath, [stryker, 'run', '--mutate', patterns.join(','), ...options], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) fail('Stryker failed; its messages are above.')
if (!options.includes('--dryRunOnly')) report(JSON.parse(readFileSync(join(root, '.cache/mutants.json'), 'utf8')).files)

function report(files) {
  const explained = JSON.parse(readFileSync(join(root, 'scripts/mutants-explained.json'), 'utf8'))
  // With --incremental the report has the files of earlier runs, too.
  const wanted = Object.entries(files).filter(([name]) => paths.some((path) => `${name}/`.startsWith(`${path}/`)))
  const folders = Map.groupBy(wanted, ([name]) => dirname(name))
  for (const [folder, sources] of folders) {
    console.log(`\n${folder}: ${score(sources.flatMap(([, { mutants }]) => mutants))}`)
    for (const [name, { source, mutants }] of sources) {
      const left = mutants.filter(({ status }) => UNSEEN.has(status))
      if (left.length > 0) console.log(`  ${name}: ${score(mutants)}`)
      for (const mutant of left) printSurvivor(name, source, mutant, explained)
    }
  }
}

function score(mutants) {
  const seen = mutants.filter(({ status }) => SEEN.has(status)).length
  const all = seen + mutants.filter(({ status }) => UNSEEN.has(status)).length
  return all === 0 ? 'no mutants' : `${((100 * seen) / all).toFixed(1)} % of ${all} mutants killed`
}

function printSurvivor(name, source, mutant, explained) {
  const { start, end } = mutant.location
  const original = textBetween(source, start, end)
  const replacement = oneLine(mutant.replacement ?? '')
  const reason = explained.find((entry) => {
    return entry.file === name && entry.original === original && entry.replacement === replacement
  })?.why
  const uncovered = mutant.status === 'NoCoverage' ? ' (no test reaches it)' : ''
  console.log(
    `    ${start.line}:${start.column} ${original} → ${replacement}${uncovered}${reason ? ` – ${reason}` : ''}`,
  )
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
