/**
 * What the customer did with notifications, gathered and sent to `POST /receipts`.
 *
 * At most one request is under way and at most one starts every 500 ms; what could not be sent is sent again.
 */

const PAUSE_MS = 500
const RETRY_MAX_MS = 30_000
// With `keepalive` a browser takes 64 KiB of unfinished bodies in all (Fetch § 4.6); 500 uids are 20 KB.
const UIDS_PER_POST = 500

export class Receipts {
  #received = new Set()
  #read = new Set()
  #readUpTo = null
  #sending = false
  #timer = null
  #failures = 0
  #session = 0
  #onCount
  #onSignedOut

  /**
   * @param {object} options
   * @param {(unreadCount: number) => void} options.onCount told the server's count after each answer
   * @param {() => void} options.onSignedOut told when the server no longer knows us
   */
  constructor({ onCount, onSignedOut }) {
    this.#onCount = onCount
    this.#onSignedOut = onSignedOut
    addEventListener('pagehide', () => this.#send())
  }

  /** @param {Iterable<string>} uids notifications that are on the page */
  received(uids) {
    for (const uid of uids) this.#received.add(uid)
    this.#sendSoon(0)
  }

  /** @param {string} uid a notification that the customer has read */
  read(uid) {
    this.#read.add(uid)
    this.#sendSoon(0)
  }

  /** @param {string} position everything up to here is read */
  readUpTo(position) {
    this.#readUpTo = position
    this.#sendSoon(0)
  }

  /** Forgets what is not sent yet: from now on it would be sent in another customer's name. */
  drop() {
    this.#session += 1
    clearTimeout(this.#timer)
    this.#timer = null
    this.#received.clear()
    this.#read.clear()
    this.#readUpTo = null
  }

  #sendSoon(delayMs) {
    if (this.#timer !== null || this.#sending) return
    this.#timer = setTimeout(() => this.#send(), delayMs)
  }

  async #send() {
    clearTimeout(this.#timer)
    this.#timer = null
    const receipt = this.#take()
    if (receipt === null) return
    const session = this.#session
    this.#sending = true
    const { status, unread_count } = await post(receipt)
    this.#sending = false
    if (session !== this.#session) return this.#sendSoon(PAUSE_MS)
    if (status === 401 || status === 403) return this.#onSignedOut()
    if (unread_count !== undefined) this.#onCount(unread_count)
    // Another 4xx would be refused again and again; only what may pass next time is put back.
    const mayPass = status === 0 || status === 429 || status >= 500
    if (mayPass) this.#putBack(receipt)
    this.#failures = mayPass ? this.#failures + 1 : 0
    this.#sendSoon(mayPass ? Math.random() * Math.min(RETRY_MAX_MS, PAUSE_MS * 2 ** this.#failures) + PAUSE_MS : PAUSE_MS)
  }

  #take() {
    if (this.#readUpTo !== null) {
      const receipt = { read_up_to: this.#readUpTo }
      this.#readUpTo = null
      return receipt
    }
    const read = takeFrom(this.#read, UIDS_PER_POST)
    const received = takeFrom(this.#received, UIDS_PER_POST - read.length)
    return read.length + received.length ? { received, read } : null
  }

  #putBack({ received = [], read = [], read_up_to = null }) {
    for (const uid of received) this.#received.add(uid)
    for (const uid of read) this.#read.add(uid)
    this.#readUpTo ??= read_up_to
  }
}

/** @returns {Promise<{status: number, unread_count?: number}>} status 0: there was no answer */
async function post(receipt) {
  try {
    const answer = await fetch('/receipts', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(receipt),
      keepalive: true, // also when the page is being left
    })
    return answer.ok ? { status: answer.status, ...await answer.json() } : { status: answer.status }
  } catch {
    return { status: 0 }
  }
}

function takeFrom(set, limit) {
  const taken = [...set].slice(0, limit)
  for (const one of taken) set.delete(one)
  return taken
}
