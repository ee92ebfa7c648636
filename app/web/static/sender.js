/** The sender's requests and what was answered, also when nothing was. */

/**
 * @typedef {object} Answer
 * @property {number} status 0: there was no answer
 * @property {string} text the body, or why there was no answer
 * @property {?object} body the body, if it is JSON
 * @property {number} took_ms
 * @property {number} retry_after_ms 0: the server did not say
 */

export class Sender {
  #token

  /** @param {string} token of a sender */
  constructor(token) {
    this.#token = token
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{body?: object, key?: ?string, accept?: string}} [more] key: the Idempotency-Key
   * @returns {Promise<Answer>}
   */
  async request(method, path, { body, key = null, accept = 'application/json' } = {}) {
    const headers = {
      Authorization: `Bearer ${this.#token}`,
      Accept: accept,
      ...(body && { 'Content-Type': 'application/json' }),
      ...(key && { 'Idempotency-Key': key }),
    }
    const begin = performance.now()
    try {
      // Not the cookie: it is another customer's, and the header alone says who sends.
      const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: 'omit' })
      const text = await answer.text()
      return {
        status: answer.status,
        text,
        body: parse(text),
        took_ms: performance.now() - begin,
        retry_after_ms: Number(answer.headers.get('Retry-After')) * 1000 || 0,
      }
    } catch (error) {
      return { status: 0, text: error.message, body: null, took_ms: performance.now() - begin, retry_after_ms: 0 }
    }
  }
}

/** @param {Answer} answer one that is no success @returns {string} a sentence */
export function whyNot({ status, body }) {
  if (status === 0) return 'The server could not be reached.'
  if (status === 401) return 'The token is not valid any more. Open the console with a new link.'
  return body?.detail ?? body?.title ?? `The server answered ${status}.`
}

/**
 * Does something for each item, a few at a time.
 *
 * @template Item, Result
 * @param {Item[]} items
 * @param {(item: Item) => Promise<Result>} work
 * @param {number} [atOnce]
 * @returns {Promise<Result[]>} in the order of the items
 */
export async function aFewAtATime(items, work, atOnce = 4) {
  const results = new Array(items.length)
  const toDo = items.entries()
  // They share one iterator: whoever is free takes the next.
  await Promise.all(Array.from({ length: atOnce }, async () => {
    for (const [index, item] of toDo) results[index] = await work(item)
  }))
  return results
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
