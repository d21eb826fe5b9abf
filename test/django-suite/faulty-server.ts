/** The server with one fault in the library: `node test/django-suite/faulty-server.ts --fault "no Vary"`. */
import { parseArgs } from 'node:util'
import { FAULTS, plant } from './faults.ts'

const { fault: name = '' } = parseArgs({ options: { fault: { type: 'string' } } }).values
const fault = FAULTS[name]
if (fault === undefined) throw new Error(`No such fault; there are: ${Object.keys(FAULTS).join(', ')}.`)
plant(fault)
await import('./server.ts')
