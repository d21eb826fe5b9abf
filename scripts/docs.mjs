/**
 * Writes what the documents take from the sources: docs/errors.md, docs/api.md, and the quick starts in README.md.
 *
 *     npm run docs                 writes them (after `npm run build`)
 *     node scripts/docs.mjs --check   fails when one is not up to date
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'

const root = resolve(import.meta.dirname, '..')
const isCheck = process.argv.includes('--check')
const read = (path) => readFileSync(join(root, path), 'utf8')

const outputs = { 'docs/errors.md': errorsPage(), 'docs/api.md': apiPage(), 'README.md': readmeWithExamples() }
const stale = Object.entries(outputs).filter(([path, text]) => !existsSync(join(root, path)) || read(path) !== text)
if (!isCheck) for (const [path, text] of stale) writeFileSync(join(root, path), text)
const names = stale.map(([path]) => path).join(', ')
if (stale.length === 0) console.log('docs: up to date')
else console.log(isCheck ? `docs: ${names} not up to date: run \`npm run docs\`` : `docs: wrote ${names}`)
process.exitCode = isCheck && stale.length > 0 ? 1 : 0

function errorsPage() {
  const source = read('src/errors.ts')
  const classes = [
    ...source.matchAll(
      /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport (?:abstract )?class (\w+) extends (\w+) \{([\s\S]*?)\n\}/g,
    ),
  ]
  const statusOf = ([, , , base, body]) => {
    const own = /readonly status(?:: number)? = (\d+)/.exec(body)?.[1]
    return own ?? statusOf(classes.find(([, , name]) => name === base) ?? ['', '', '', '', 'readonly status = 500'])
  }
  const rows = classes
    .filter(([, , name]) => name !== 'DjangoBridgeError')
    .map((found) => {
      const [, comment, name, base, body] = found
      const code = /code(?:: [^=]*)? = '(\w+)'/.exec(body)?.[1]
      const kind = base === 'DjangoBridgeError' ? '' : `, a \`${base}\``
      return `| \`${code}\` | \`${name}\`${kind} | ${statusOf(found)} | ${prose(comment)} |`
    })
  return `# Errors, reports and warnings

Made by \`npm run docs\` from the sources. Codes are stable: tell cases apart by \`code\`, not by message. No message holds a key,
cookie, token or payload. What a browser sent never throws: it is reported through \`onSuspicious\`. Misuse of a function is a
\`TypeError\`.

## Errors

Every class extends \`DjangoBridgeError\`, which has \`code\` and \`status\`: the HTTP status to answer with when nothing else handles it.

| code | class | status | when |
|---|---|---|---|
${rows.join('\n')}

## Reports: \`onSuspicious({ code, cookieName })\`

${unionTable('src/cookies/session-cookie.ts', 'CookieReason', 'The cookie itself')}
${unionTable('src/stores/store.ts', 'AbsenceReason', 'What is stored under its key')}
${unionTable('src/login.ts', 'LoginReason', 'The login in it')}
## Answers of guards: \`{"code": …}\`

${unionTable('src/auth/guards.ts', 'DenialCode', null)}
## Warnings: \`onWarning({ code, message })\`, else \`process.emitWarning\`

${unionTable('src/warnings.ts', 'WarningCode', null)}
${unionTable('src/stores/cache-outage.ts', 'CacheWarning', 'The cache of cached_db; each told once a minute at most')}
## What only Python decides: \`options.unclear\`

\`settingsFromDjango\` finds these, and \`createBridge\` refuses them until a hook or option answers each, or \`options.acknowledge\` names it.

${unionTable('src/settings/unclear.ts', 'UnclearCode', null)}`
}

/** A table of a union of texts whose members have comments. */
function unionTable(file, name, title) {
  const [, body = ''] = new RegExp(`export type ${name} =\\n((?:  (?:/\\*\\*| \\*|\\|).*\\n)+)`).exec(read(file)) ?? []
  const rows = [...body.matchAll(/ {2}\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n {2}\| '(\w+)'/g)]
  const members = body.match(/^ {2}\|/gm) ?? []
  if (rows.length === 0 || rows.length < members.length) throw new Error(`${file} has no commented union ${name}`)
  const heading = title === null ? '' : `**${title}**\n\n`
  return `${heading}| code | when |\n|---|---|\n${rows.map(([, when, code]) => `| \`${code}\` | ${prose(when)} |`).join('\n')}\n`
}

function apiPage() {
  const { exports, name } = JSON.parse(read('package.json'))
  const entries = Object.entries(exports).filter(([, target]) => typeof target === 'object')
  const sections = entries.map(([subpath, { types }]) => {
    const declarations = exportedFrom(types.slice(2))
    const parts = declarations.map(({ name: exported, text }) => `### ${exported}\n\n\`\`\`ts\n${text}\n\`\`\`\n`)
    return `## \`${subpath === '.' ? name : name + subpath.slice(1)}\`\n\n${parts.join('\n')}`
  })
  return `# API

Made by \`npm run docs\` from the declarations that the package ships. Nothing else is public.

${sections.join('\n')}`
}

/** The declarations that one file of dist exports, also through other files, in order. */
function exportedFrom(file) {
  const source = read(file)
  const target = (specifier) => relative(root, resolve(root, dirname(file), specifier.replace(/\.ts$/, '.d.ts')))
  const found = []
  for (const [statement, star, list, specifier] of source.matchAll(
    /^export (?:type )?(?:(\*)|\{([^}]*)\})(?: from '([^']+)')?;$/gm,
  )) {
    if (star) found.push(...exportedFrom(target(specifier)))
    else if (specifier === undefined) found.push(...named(list).flatMap((name) => importedInto(source, name, target)))
    else found.push(...named(list).map((name) => declaration(target(specifier), name, statement)))
  }
  const own = source.matchAll(/^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) (\w+)/gm)
  const ownNames = new Set(Array.from(own, ([, name]) => name))
  found.push(...Array.from(ownNames, (name) => declaration(file, name)))
  return found.sort((left, right) => (left.name < right.name ? -1 : 1))
}

function named(list) {
  return list
    .split(',')
    .map((name) => name.trim().replace(/^type /, ''))
    .filter((name) => name !== '')
}

function importedInto(source, name, target) {
  const from = new RegExp(`import (?:type )?\\{[^}]*\\b${name}\\b[^}]*\\} from '([^']+)'`).exec(source)?.[1]
  return from === undefined ? [] : [declaration(target(from), name)]
}

/** The text of one declaration with its comment; from where it is passed on, from there. */
function declaration(file, name) {
  const source = read(file)
  const start = new RegExp(
    `((?:/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?)^export (?:declare )?(?:abstract )?(?:class|interface|type|function|const) ${name}\\b`,
    'm',
  ).exec(source)
  if (start === null) {
    const passedOn = exportedFrom(file).find((other) => other.name === name)
    if (passedOn === undefined) throw new Error(`${file} does not declare ${name}`)
    return passedOn
  }
  let text = start[1]
  let position = start.index + start[1].length
  // All overloads, each to the brace or semicolon that closes it.
  for (;;) {
    const end = endOfStatement(source, position)
    text += source.slice(position, end)
    const next = new RegExp(`^\\n(?:/\\*\\*(?:(?!\\*/)[\\s\\S])*\\*/\\n)?export declare function ${name}\\b`).exec(
      source.slice(end),
    )
    if (next === null) break
    position = end
  }
  return { name, text: text.replace(/^export (declare )?/gm, '').trim() }
}

function endOfStatement(source, from) {
  const isBlock = /^export (?:declare )?(?:abstract )?(?:class|interface) /.test(source.slice(from))
  let depth = 0
  for (let index = from; index < source.length; index++) {
    if (source.startsWith('/*', index)) index = source.indexOf('*/', index) + 1
    const sign = source[index]
    if ('{(['.includes(sign)) depth++
    else if ('})]'.includes(sign)) {
      depth--
      if (isBlock && depth === 0 && sign === '}') return index + 1
    } else if (!isBlock && depth === 0 && sign === ';') return index + 1
  }
  return source.length
}

function prose(comment) {
  return comment
    .replace(/^ *\* ?/gm, '')
    .replace(/@see[^\n]*/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

/** Each block behind `<!-- from examples/… -->` is that file. */
function readmeWithExamples() {
  if (!existsSync(join(root, 'README.md'))) return ''
  return read('README.md').replace(
    /(<!-- from (examples\/[\w/.-]+) -->\n```ts\n)[\s\S]*?(```)/g,
    (_, head, file, tail) => `${head}${read(file)}${tail}`,
  )
}
