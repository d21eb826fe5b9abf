/** Faults of MySQL and of the way to it: errors with a reason, for nobody a lost cookie or an anonymous user. */
import { inject, test } from 'vitest'
import { describeDatabaseFaults } from '../contracts/database-faults.ts'
import { faultyMysql } from './faulty-database.ts'

const mysql = inject('mysql')
if ('missing' in mysql) test.skip(`faults of MySQL (${mysql.missing})`, () => {})
else {
  const codes = {
    refusals: [
      ['whose disk is full', '1021', 'full'],
      ['whose table is full', '1114', 'full'],
      ['whose max_statement_time passes', '1969', 'deadline'],
      ['that waits for no lock', '3572', 'locked'],
      ['that takes writes back again and again', '1213', 'locked'],
      ['that is a replica', '1290', 'read_only'],
    ],
    takenBack: [
      ['a lock that was waited for too long', '1205'],
      ['a deadlock', '1213'],
    ],
  } as const
  describeDatabaseFaults('MySQL', codes, (options) => faultyMysql(mysql.url, options))
}
