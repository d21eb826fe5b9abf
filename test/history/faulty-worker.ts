/** The Node worker with a fault of store-faults.ts in the library, which is planted before anything of it is loaded. */
import { plant } from '../django-suite/faults.ts'
import type { WorkerOptions } from './node-worker.ts'
import { STORE_FAULTS } from './store-faults.ts'

const { fault } = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions
if (fault !== undefined) plant({ ...STORE_FAULTS[fault], suites: [] })
await import('./node-worker.ts')
