/** The blocks of code in a section of docs/formats.md. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'

const FORMATS = resolve(import.meta.dirname, '../../docs/formats.md')

/** @param heading of the section */
export function sectionOf(heading: string): string {
  const sections = readFileSync(FORMATS, 'utf8').split(/^## /m)
  const text = sections.find((one) => one.startsWith(`${heading}\n`))
  if (text === undefined) throw new Error(`docs/formats.md has no section "${heading}".`)
  return text
}

/** @param section its heading */
export function examplesOf(section: string): string[] {
  return [...sectionOf(section).matchAll(/^```\w*\n(.*?)\n```$/gms)].map((match) => match[1] ?? '')
}
