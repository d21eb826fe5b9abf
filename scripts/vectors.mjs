/**
 * Makes the golden vectors of test/vectors anew with each Django that can be had: a prepared Python named by
 * BRIDGE_PYTHON_2_2 … BRIDGE_PYTHON_6_1, else a container. A version that cannot be had is named and left as
 * committed (in CI that is a failure). Ends with `N passed, N failed`, versions of Django; one
 * that was left is neither.
 *
 *     npm run vectors              writes what differs
 *     npm run vectors -- --check   writes nothing, names the records that differ, and fails if there are any
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inflateSync } from 'node:zlib'

const VERSIONS = ['2.2', '3.2', '4.2', '5.2', '6.1']
const SHOWN_DIFFERENCES = 10

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..')
const vectors = join(root, 'test/vectors')
const isCheck = process.argv.includes('--check')

function run(version) {
  const fresh = mkdtempSync(join(tmpdir(), 'vectors-'))
  try {
    const reason = generate(version, fresh)
    if (reason !== null) return leave(version, reason)
    return settle(version, fresh)
  } catch (error) {
    console.log(`Django ${version}: failed (${lastLine(String(error.message))})`)
    return false
  } finally {
    rmSync(fresh, { recursive: true, force: true })
  }
}

/** Fills `folder` with the vectors of one version, or says why it cannot. */
function generate(version, folder) {
  const variable = `BRIDGE_PYTHON_${version.replace('.', '_')}`
  const python = process.env[variable]
  if (python) {
    const script = join(root, 'python-fixtures/generate_vectors.py')
    execFileSync(python, [script, folder, '--keys', join(vectors, 'keys')], { stdio: ['ignore', 'ignore', 'inherit'] })
    return null
  }
  const noPython = process.env[`${variable}_MISSING`] || `${variable} is not set`
  const noContainer = generateInContainer(version, folder)
  return noContainer === null ? null : `${noPython}; ${noContainer}`
}

/** The sources go in and the vectors come out as tar streams, so that a remote Docker engine does as well. */
function generateInContainer(version, folder) {
  if (spawnSync('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 20_000 }).status !== 0)
    return 'no Docker engine answers'
  if (!existsSync(join(root, 'python-fixtures/Dockerfile'))) return 'python-fixtures/Dockerfile is missing'
  const image = `django-session-bridge-fixture:${version}`
  const base = process.env.BASE_IMAGE ? ['--build-arg', `BASE_IMAGE=${process.env.BASE_IMAGE}`] : []
  const build = [
    'build',
    '--quiet',
    ...base,
    '--build-arg',
    `DJANGO=${version}`,
    '--tag',
    image,
    join(root, 'python-fixtures'),
  ]
  const built = spawnSync('docker', build, { encoding: 'utf8' })
  if (built.status !== 0) return `the image ${image} cannot be built: ${lastLine(built.stderr)}`

  const sources = ['python-fixtures/generate_vectors.py', 'python-fixtures/vectors', 'test/vectors/keys']
  const packed = execFileSync('tar', ['-cf', '-', '-C', root, ...sources], { maxBuffer: 1 << 28 })
  const commands = [
    'mkdir /tmp/vectors && cd /tmp/vectors && tar -xf -',
    'python python-fixtures/generate_vectors.py out --keys test/vectors/keys >&2',
    'tar -cf - -C out .',
  ]
  const options = { input: packed, maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'inherit'] }
  const made = execFileSync(
    'docker',
    ['run', '--rm', '--interactive', '--entrypoint', 'sh', image, '-c', commands.join(' && ')],
    options,
  )
  execFileSync('tar', ['-xf', '-', '-C', folder], { input: made })
  return null
}

function lastLine(text) {
  return text.trim().split('\n').at(-1) ?? ''
}

function leave(version, reason) {
  console.log(`Django ${version}: left as committed (${reason})`)
  return process.env.CI ? false : null
}

/** Compares topic by topic; writes what differs, unless it only checks. */
function settle(version, fresh) {
  const committed = join(vectors, `django-${version}`)
  mkdirSync(committed, { recursive: true })
  const topics = [...new Set([...readdirSync(fresh), ...readdirSync(committed)])]
    .filter((file) => file.endsWith('.json'))
    .sort()
  let records = 0
  const changed = topics.flatMap((file) => {
    const now = readTopic(join(fresh, file))
    records += now?.records.length ?? 0
    const found = differences(readTopic(join(committed, file)), now)
    if (found.length > 0 && !isCheck) {
      if (now === null) rmSync(join(committed, file))
      else writeFileSync(join(committed, file), readFileSync(join(fresh, file)))
    }
    return found.map((difference) => `${file}: ${difference}`)
  })
  const verdict = changed.length === 0 ? 'as committed' : `${changed.length} differ${isCheck ? '' : ', written'}`
  console.log(`Django ${version}: ${records} records, ${verdict}`)
  for (const difference of changed.slice(0, SHOWN_DIFFERENCES)) console.log(`  ${difference}`)
  if (changed.length > SHOWN_DIFFERENCES) console.log(`  and ${changed.length - SHOWN_DIFFERENCES} more`)
  return changed.length === 0 || !isCheck
}

function readTopic(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

function differences(before, now) {
  if (now === null) return ['no such topic any more']
  if (before === null) return ['a new topic']
  const { records: oldRecords, ...oldHeader } = before
  const { records: newRecords, ...newHeader } = now
  const old = new Map(oldRecords.map((record) => [record.name, record]))
  const names = new Set(newRecords.map((record) => record.name))
  return [
    ...(JSON.stringify(oldHeader) === JSON.stringify(newHeader) ? [] : ['the header']),
    ...newRecords.filter((record) => !old.has(record.name)).map((record) => `new: ${record.name}`),
    ...newRecords
      .filter((record) => old.has(record.name) && comparable(record) !== comparable(old.get(record.name)))
      .map((record) => record.name),
    ...oldRecords.filter((record) => !names.has(record.name)).map((record) => `gone: ${record.name}`),
  ]
}

/** zlib's bytes, and so their signature, differ between its builds: compressed text counts as what it holds. */
function comparable(record) {
  if (record.compressed !== true) return JSON.stringify(record)
  if ('packed' in record) {
    return JSON.stringify({ ...record, packed: inflateSync(Buffer.from(record.packed, 'hex')).toString('latin1') })
  }
  const field = 'session_data' in record ? 'session_data' : 'signed'
  const [content = '', ...rest] = record[field].split(':')
  const inflated = inflateSync(Buffer.from(content.slice(1), 'base64url')).toString('latin1')
  return JSON.stringify({ ...record, [field]: [inflated, ...rest.slice(0, -1)] })
}

const verdicts = VERSIONS.map(run)
const count = (wanted) => verdicts.filter((verdict) => verdict === wanted).length
console.log(`${count(true)} passed, ${count(false)} failed`)
process.exitCode = count(false) === 0 ? 0 : 1
