/** A server of our own, which may be stopped, restarted and set at will. */
import { spawnSync } from 'node:child_process'

export interface PrivateServer {
  readonly url: string
  /** @param mode `fast` ends connections in good order, `immediate` as a crash does; returns when it accepts again */
  restart(mode: 'fast' | 'immediate'): Promise<void>
  drop(): Promise<void>
}

/** Whom to run a server as that does not run as root; nothing to say where we are not root, null without such a user. */
export function ownerOfServers(user: string): { uid: number; gid: number } | Record<string, never> | null {
  if (process.getuid?.() !== 0) return {}
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, user]).stdout?.toString() || Number.NaN))
  return Number.isInteger(uid) && Number.isInteger(gid) ? { uid: uid as number, gid: gid as number } : null
}
