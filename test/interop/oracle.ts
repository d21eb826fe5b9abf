/** A real Python and Django that answer one question a line: python-fixtures/oracle.py, or another program there. */
import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'

export interface Oracle {
  /** @throws Error with the name of Python's exception */
  ask<T>(question: { op: string; [name: string]: unknown }): Promise<T>
  stop(): void
}

export function startOracle(python: string, program: readonly string[] = ['oracle.py']): Oracle {
  const child = spawn(python, [...program], {
    cwd: resolve(import.meta.dirname, '../../python-fixtures'),
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(line))
  return {
    async ask<T>(question: object): Promise<T> {
      const line = await new Promise<string>((answered) => {
        waiting.push(answered)
        child.stdin.write(`${JSON.stringify(question)}\n`)
      })
      const answer = JSON.parse(line) as { ok?: T; error?: string }
      if (answer.error !== undefined) throw new Error(answer.error)
      return answer.ok as T
    },
    stop: () => child.kill(),
  }
}
