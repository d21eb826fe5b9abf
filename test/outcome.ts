/** What the commands of long checks share: each finding told on a line, and the numbers on the last one. */

export interface Outcome {
  tell(isGood: boolean, what: string): void
  /** Prints the numbers and sets the exit status; a check that judged nothing has failed. */
  end(): void
}

export function startOutcome(): Outcome {
  let passed = 0
  let failed = 0
  return {
    tell(isGood, what) {
      if (isGood) passed++
      else failed++
      console.log(`  ${isGood ? 'ok    ' : 'FAILED'} ${what}`)
    },
    end() {
      console.log(`${passed} passed, ${failed} failed`)
      process.exitCode = failed === 0 && passed > 0 ? 0 : 1
      // Node's own clean-up, which comes after, was seen to wait for ever for what a killed process had been asked.
      process.once('exit', (code) => process.exit(code))
    },
  }
}

/** Says why a command does nothing, and how it is called. */
export function refuse(why: string, help: string): void {
  console.error(`${why}\n\n${help}`)
  process.exitCode = 2
}
