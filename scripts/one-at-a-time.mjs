/** Two commands typed at once, in a fresh clone for example, would install the same packages into the same folders. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'

/** Milliseconds after which nobody sets anything up any more, whatever process has the holder's number now. */
const LONGEST = 15 * 60_000

/**
 * Does work while no other process does any under the same lock.
 * @param {string} lock a file that is there while somebody works; it holds the number of their process
 */
export async function oneAtATime(lock, work, say) {
  for (let isTold = false; !isTaken(lock); isTold = true) {
    if (!isTold) say('waiting for another command that is setting things up')
    await pause(200)
  }
  const leave = () => rmSync(lock, { force: true })
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
    if (Date.now() - statSync(lock).mtimeMs > LONGEST) return false
    // Empty for a moment, between being made and being written.
    const holder = Number(readFileSync(lock, 'utf8'))
    if (holder !== 0) process.kill(holder, 0)
    return true
  } catch (error) {
    // Nothing else says that it is dead; a lock that is not there any more has been given back just now.
    return error.code !== 'ESRCH'
  }
}
