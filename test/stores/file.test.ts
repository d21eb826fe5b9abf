import { fileStoreUnderTest } from '../contracts/file-store.ts'
import { describeSessionStore } from '../contracts/session-store.ts'

describeSessionStore('file', async () => fileStoreUnderTest())
