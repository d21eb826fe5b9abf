/**
 * The two interfaces that a site fills in, so that the editor knows its session values and user columns:
 *
 *     declare module 'django-session-bridge' {
 *       interface DjangoSessionData { cart: string[] }
 *       interface DjangoUserFields { phone: string }
 *     }
 */

/** The site's own session values: `session.get('cart')` then has their type. A claim, not validated. */
// biome-ignore lint/suspicious/noEmptyInterface: made to be augmented by the site.
export interface DjangoSessionData {}

/** The columns of the site's own user model. */
// biome-ignore lint/suspicious/noEmptyInterface: made to be augmented by the site.
export interface DjangoUserFields {}
