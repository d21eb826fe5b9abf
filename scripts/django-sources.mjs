/** Source distributions from PyPI, with the tests that wheels leave out; fetched once into .cache, never committed. */
import { spawnSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const cache = join(root, '.cache/django-suite')
const versions = new Map()

/** The version of a distribution that `python` has installed. */
export function versionOf(python, distribution = 'Django') {
  const asked = `${python} ${distribution}`
  if (!versions.has(asked)) {
    const program = `from importlib.metadata import version; print(version('${distribution}'))`
    versions.set(asked, output(python, ['-c', program]).trim())
  }
  return versions.get(asked)
}

/** The folder with the tests of a source distribution, in the version that `python` has. */
export function testsOf(python, distribution) {
  const version = versionOf(python, distribution)
  const name = `${distribution}-${version}`
  const folder = join(cache, name.toLowerCase())
  const tests = distribution === 'Django' ? join(folder, 'tests') : folder
  if (existsSync(folder)) return tests
  console.log(`fetching the source distribution of ${distribution} ${version}`)
  completely(folder, (unpacked) => {
    const download = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary', ':all:', '-d', unpacked]
    output(python, [...download, `${distribution}==${version}`])
    const archive = readdirSync(unpacked).find((file) => file.endsWith('.tar.gz'))
    if (archive === undefined) throw new Error(`pip downloaded no source distribution of ${distribution} ${version}.`)
    output(python, ['-m', 'tarfile', '-e', join(unpacked, archive), unpacked])
    const content = join(unpacked, archive.slice(0, -'.tar.gz'.length))
    if (distribution !== 'Django') writeKeys(join(content, 'keys'))
    return content
  })
  return tests
}

/**
 * Makes a folder that is there only when all of it is; another run may make the same meanwhile.
 *
 * @param fill gets an empty folder, gives the part to keep
 */
function completely(folder, fill) {
  mkdirSync(cache, { recursive: true })
  const unfinished = mkdtempSync(join(cache, 'unfinished-'))
  try {
    renameSync(fill(unfinished), folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

/** A test of django-session-jwt reads a pair of keys that its distribution does not hold. */
function writeKeys(folder) {
  mkdirSync(folder)
  const pem = (type) => ({ type, format: 'pem' })
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: pem('pkcs8'),
    publicKeyEncoding: pem('spki'),
  })
  writeFileSync(join(folder, 'rsa'), privateKey)
  writeFileSync(join(folder, 'rsa.pub'), publicKey)
}

/** What django-session-jwt's tests import beside Django, installed apart from everything else. */
export function packagesForTests(python) {
  const requirements = join(root, 'python-fixtures/requirements/django-session-jwt-tests.txt')
  const stamp = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const folder = join(cache, `packages-${stamp}`)
  if (existsSync(folder)) return folder
  completely(folder, (target) => {
    output(python, ['-m', 'pip', 'install', '--quiet', '--target', target, '-r', requirements])
    return target
  })
  return folder
}

function output(program, parameters) {
  const { status, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8', maxBuffer: 1 << 28 })
  if (status !== 0)
    throw new Error(`\`${parameters.slice(0, 3).join(' ')}\` failed: ${stderr.trim().split('\n').at(-1)}`)
  return stdout
}
