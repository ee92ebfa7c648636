/** The token in a printed link, `…/#token=<JWT>`. A fragment never reaches a server, a proxy or their logs. */

/** @returns {?string} the token of this page's address, which is removed from the address bar and the history */
export function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get('token')
  if (token !== null) history.replaceState(null, '', location.pathname + location.search)
  return token
}

/** A link with a token that is opened in a tab that shows this page already changes only the fragment. */
export function reloadOnNewToken() {
  addEventListener('hashchange', () => location.hash.startsWith('#token=') && location.reload())
}

/**
 * What a token (RFC 7519) says of itself, not verified: to show, never to decide what somebody may do.
 *
 * @param {string} token
 * @returns {?{sub: string, role: string, exp: ?number}} null if it is not a token
 */
export function readClaims(token) {
  try {
    const bytes = atob(token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(bytes, byte => byte.charCodeAt(0))))
  } catch {
    return null
  }
}
