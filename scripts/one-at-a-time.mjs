/** Two commands typed at once, in a fresh clone for example, would install the same packages into the same folders. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds after which a lock was left behind, though a process lives that has its holder's number. */
const LONGEST = 60 * 60_000
/** Milliseconds that a lock may be there before it says whose it is. */
const NAMELESS = 5000

/**
 * Does work while no other process does any under the same lock.
 * @param {string} lock a file that is there while somebody works; it holds the number of their process
 * @param {() => unknown} work
 * @param {(text: string) => void} say
 */
export async function oneAtATime(lock, work, say) {
  for (let isTold = false; !isTaken(lock); isTold = true) {
    if (!isTold) say(`waiting for another command that is setting things up (${lock})`)
    await pause(200)
  }
  const leave = () => {
    if (holderOf(lock) === process.pid) rmSync(lock, { force: true })
  }
  process.once('exit', leave)
  try {
    return await work()
  } finally {
    process.removeListener('exit', leave)
    leave()
  }
}

/** Whether the lock is ours now; one that was left behind is broken first. */
function isTaken(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
  }
  if (!isHeld(lock)) rmSync(lock, { force: true })
  return false
}

function isHeld(lock) {
  try {
    const age = Date.now() - statSync(lock).mtimeMs
    const holder = holderOf(lock)
    if (holder === null) return age < NAMELESS
    // In a container every run may have the number of the one that was killed.
    if (holder === process.pid || age > LONGEST) return false
    process.kill(holder, 0)
    return true
  } catch (error) {
    // Nothing else says that it is dead; a lock that is not there any more has been given back just now.
    return error.code !== 'ESRCH'
  }
}

/** Null where the file is not there, or names nobody. */
function holderOf(lock) {
  try {
    return Number(readFileSync(lock, 'utf8')) || null
  } catch {
    return null
  }
}
