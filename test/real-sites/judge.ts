/** What was judged so far, each on a line of its own. */
let passed = 0
let failed = 0

export function judge(what: string, isRight: boolean, detail = ''): void {
  if (isRight) passed++
  else failed++
  console.log(`  ${isRight ? '✓' : '✗'} ${what}${isRight || detail === '' ? '' : `\n      ${detail}`}`)
}

export function verdicts(): { readonly passed: number; readonly failed: number } {
  return { passed, failed }
}

/** The first line of a message, and the last ones of what a program complained about. */
export function failuresOf(error: unknown): string {
  const { stderr = '', message } = error as { stderr?: string; message: string }
  return [...message.split('\n').slice(0, 3), ...stderr.trimEnd().split('\n').slice(-12)].join('\n      ')
}
