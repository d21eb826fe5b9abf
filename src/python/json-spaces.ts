/** Python's usual spelling of JSON, `json.dumps(value)`: a space behind each comma and colon. */
import { stringEnd } from './json-reader.ts'

const SIGN = /[",:]/g
const SPACE = /[ \t\n\r]/

/** @param json JSON text; separators that have a space already, and strings, stay as they are */
export function withSpaces(json: string): string {
  const parts: string[] = []
  let done = 0
  SIGN.lastIndex = 0
  for (let found = SIGN.exec(json); found !== null; found = SIGN.exec(json)) {
    const next = found.index + 1
    if (found[0] === '"') SIGN.lastIndex = stringEnd(json, found.index)
    else if (!SPACE.test(json.charAt(next))) {
      parts.push(json.slice(done, next), ' ')
      done = next
    }
  }
  return parts.join('') + json.slice(done)
}
