import { describeSessionStore } from '../contracts/session-store.ts'
import { signedCookiesUnderTest } from '../contracts/signed-cookies-store.ts'

describeSessionStore('signed_cookies', async () => signedCookiesUnderTest(), { keeps: 'nothing' })
