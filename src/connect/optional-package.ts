/** Optional packages: whether one is there is found out before anything needs it. */
import { missingPackage } from '../errors.ts'

/**
 * Finds out that a package is missing. In a bundle a package may be part of it; there, a missing one shows on first use.
 * @throws DriverMissingError
 */
export function needPackage(name: string, reason: string): void {
  if (!liesInItsPackage()) return
  try {
    import.meta.resolve(name)
  } catch {
    throw missingPackage(name, reason)
  }
}

/** Whether this file lies in the folder of this package, where its neighbours are found by name. */
function liesInItsPackage(): boolean {
  try {
    const folder = new URL('.', import.meta.resolve('django-session-bridge/package.json')).href
    return import.meta.url.startsWith(folder)
  } catch {
    return false
  }
}
