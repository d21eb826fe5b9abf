/** The steps of a check: each is shown, counted, and goes on after a failure with the next one. */
import { execFile } from 'node:child_process'

export interface Steps {
  /** Runs one step; true when it passed. What it returns is shown beside its title. */
  step(title: string, work: () => unknown): Promise<boolean>
  readonly passed: number
  readonly failed: number
}

export function countSteps(): Steps {
  let passed = 0
  let failed = 0
  return {
    async step(title, work) {
      const started = Date.now()
      try {
        const result = await work()
        passed++
        const seconds = ((Date.now() - started) / 1000).toFixed(1)
        console.log(`  ✓ ${title}${typeof result === 'string' ? `: ${result}` : ''} (${seconds} s)`)
        return true
      } catch (error) {
        failed++
        console.log(`  ✗ ${title}\n${indented(error instanceof Error ? error.message : String(error))}`)
        return false
      }
    },
    get passed() {
      return passed
    },
    get failed() {
      return failed
    },
  }
}

export interface Command {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
}

/** Runs a program without a shell; gives its output, and rejects with it when the program fails. */
export function run(program: string, parameters: readonly string[], { cwd, env }: Command): Promise<Output> {
  const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  return new Promise((resolve, reject) => {
    execFile(program, [...parameters], options, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr })
      else reject(new Error(`${program} ${parameters.join(' ')}\n${stdout}${stderr}`))
    })
  })
}

export interface Output {
  readonly stdout: string
  readonly stderr: string
}

function indented(text: string): string {
  const lines = text.trimEnd().split('\n')
  const shown = lines.length > 60 ? [...lines.slice(0, 30), '…', ...lines.slice(-29)] : lines
  return shown.map((line) => `      ${line}`).join('\n')
}
