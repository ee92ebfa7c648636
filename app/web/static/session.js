/**
 * Who is signed in, in this browser.
 *
 * The cookie holds the token and scripts cannot read it, so the name is kept beside it: in localStorage, for the
 * cookie is shared by all tabs as well. A name kept for each tab would be wrong after another tab signed in.
 */

const KEY = 'getnotified.session'

/** The sign-in was refused: `status` and the server's sentence. */
export class SignInRefused extends Error {
  constructor(status, detail) {
    super(detail)
    this.status = status
  }
}

/**
 * Changes the token for the cookie.
 *
 * @param {string} token
 * @returns {Promise<{sub: string, role: string, expires_at: ?string}>}
 * @throws {SignInRefused} the server does not accept the token (4xx)
 * @throws {TypeError} the server cannot be reached, or fails (5xx)
 */
export async function signIn(token) {
  const answer = await fetch('/session', { method: 'POST', headers: { Authorization: `Bearer ${token}` } })
  if (answer.status >= 500) throw new TypeError(`POST /session answered ${answer.status}`)
  const body = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new SignInRefused(answer.status, body.detail ?? `The server answered ${answer.status}.`)
  // The time makes the value new, so that other tabs hear also of the same customer's second sign-in.
  localStorage.setItem(KEY, JSON.stringify({ ...body, signed_in_at: Date.now() }))
  return body
}

/**
 * Removes the cookie and tells the other tabs.
 *
 * @throws {TypeError} the server cannot be reached, or fails: the cookie is still there
 */
export async function signOut() {
  const answer = await fetch('/session', { method: 'DELETE' })
  if (!answer.ok) throw new TypeError(`DELETE /session answered ${answer.status}`)
  localStorage.removeItem(KEY)
}

/** @returns {?string} such as `customer:42`; null if this browser does not know */
export function whoIsSignedIn() {
  return parse(localStorage.getItem(KEY))
}

/** @param {(sub: ?string) => void} callback told who signed in in another tab; null: somebody signed out */
export function onOtherTab(callback) {
  addEventListener('storage', event => event.key === KEY && callback(parse(event.newValue)))
}

function parse(text) {
  return text === null ? null : JSON.parse(text).sub
}
