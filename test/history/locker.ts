/** Holds the write lock of an SQLite file for up to 30 ms, again and again, in the middle of a change of its own. */
import { DatabaseSync } from 'node:sqlite'

const database = new DatabaseSync(process.argv[2] ?? '')
database.exec('PRAGMA busy_timeout = 5000')
database.exec('CREATE TABLE IF NOT EXISTS locker (at integer)')

const pause = (most: number): Promise<void> => new Promise((resume) => setTimeout(resume, Math.random() * most))

for (;;) {
  try {
    database.exec('BEGIN EXCLUSIVE')
    database.exec(`INSERT INTO locker VALUES (${Date.now()})`)
    await pause(30)
    database.exec('COMMIT')
  } catch {
    // Others were writing for five seconds.
  }
  await pause(100)
}
