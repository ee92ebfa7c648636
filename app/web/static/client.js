/**
 * A customer's notifications, live, over Server-Sent Events (HTML Standard § 9.2).
 *
 *     import { connect } from '/web/client.js'
 *     const stream = connect('/stream')
 *     stream.addEventListener('notification', e => console.log(e.detail.title_text))
 *     stream.addEventListener('state', e => console.log(e.detail))
 *
 * EventSource reconnects by itself with the id of the last event, but it gives up for good on any answer other than
 * 200, does not notice a link that died silently, and shows an event again that is sent again. This module adds what
 * is missing. It imports nothing.
 */

const EVENTS = ['notification', 'receipt', 'retract', 'synced', 'gap', 'heartbeat', 'busy', 'expired', 'drain']
const FAREWELLS = new Set(['busy', 'expired', 'drain'])

// One heartbeat may be late and one be lost while the device changes networks; one more missing is no accident.
const SILENT_AFTER_HEARTBEATS = 2.5
// Somebody has just turned to the page: a false alarm costs a reconnect, a stale list trust.
const SILENT_AFTER_HEARTBEATS_ON_WAKING = 1.5
const RETRY_MIN_MS = 1_000
const RETRY_MAX_MS = 30_000
const PROBE_TIMEOUT_MS = 10_000
// An event comes again only around a loss of the log, so far fewer would do; 10,000 uids are under 1 MB.
const REMEMBERED_UIDS = 10_000

/**
 * @typedef {'connecting'|'live'|'reconnecting'|'offline'|'signed-out'|'closed'} State
 *   `live`: all that was missed has been replayed. `signed-out`: the server answered 401 or 403; sign in, `reconnect()`.
 * @typedef {'lost'|'silent'|'refused'|'asked'|'busy'|'expired'|'drain'} Reason
 *   Why it is not live: connection lost; no sign of life for too long; an answer other than 200; `reconnect()` was
 *   called; or what the server said before it ended the connection.
 * @typedef {{uid: string, position: string, event: string, title_text: string, body_text: string, notes: ?string,
 *   data: ?object, priority: 'low'|'normal'|'high', sender_id: string, receiver_id?: number, topic?: string,
 *   date_sent: string, expires_at?: string, collapse_key?: string}} Notification
 */

/**
 * Every event of the server is dispatched again as a CustomEvent of the same name, its data parsed, in `detail`:
 *
 * - `notification`: {@link Notification}, once for each uid
 * - `receipt`: `{received: uid[], read: uid[], unread_count: number}`, from any page of this customer
 * - `retract`: `{uid}`, take it off the page
 * - `synced`: `{replayed: number, heartbeat_seconds?: number, unread_count?: number}` (the count with `?count=1`)
 * - `gap`: `{reason: 'pruned'|'unknown', oldest, inbox}`: history that was asked for is gone, load the inbox
 * - `heartbeat`, `busy`, `expired`, `drain`
 *
 * and `state`: `{state: State, reason: ?Reason, retryInMs: ?number}` whenever one of them changes.
 */
export class NotificationStream extends EventTarget {
  /** @type {State} */ state = 'connecting'
  /** @type {?Reason} */ reason = null
  /** The position of the last event seen, `''` before the first one. */
  lastEventId = ''
  /** When the server was last heard of (ms since 1970: `performance.now()` may stop while a laptop sleeps). */
  lastSignAt = Date.now()

  #url; #withCredentials; #heartbeatMs; #source; #retryTimer; #watchdog
  #farewell = null
  #attempts = 0
  #listening = new AbortController()
  #seen = new Set()

  /**
   * @param {string|URL} url the stream's address; may carry `topic`, `count`, `token` and a first `last_event_id`
   * @param {{withCredentials?: boolean, heartbeatSeconds?: number}} [options] whether to send cookies to another
   *   origin; how often the server sends heartbeats, until it says so itself in `synced`
   */
  constructor(url = '/stream', { withCredentials = false, heartbeatSeconds = 15 } = {}) {
    super()
    this.#url = new URL(url, location.href)
    this.#withCredentials = withCredentials
    this.#heartbeatMs = heartbeatSeconds * 1000
    const { signal } = this.#listening
    addEventListener('online', () => this.state !== 'live' && this.#wake(), { signal })
    addEventListener('offline', () => this.#isTrying() && this.#become('offline', 'lost'), { signal })
    addEventListener('pageshow', () => this.#wake(), { signal })
    document.addEventListener('visibilitychange', () => !document.hidden && this.#wake(), { signal })
    this.#watchdog = setInterval(() => this.#reopenIfSilent(SILENT_AFTER_HEARTBEATS), this.#heartbeatMs / 3)
    this.#open()
  }

  /** Opens a new connection now, after the last event seen: after signing in again, or because somebody is impatient. */
  reconnect() {
    if (this.state !== 'closed') this.#reopen('asked')
  }

  /** Ends the stream for good. */
  close() {
    this.#listening.abort()
    clearInterval(this.#watchdog)
    clearTimeout(this.#retryTimer)
    this.#source.close()
    this.#become('closed')
  }

  #open() {
    clearTimeout(this.#retryTimer)
    this.#source?.close()
    // A new EventSource does not know the old one's last id. Its own reconnects send the header, which wins.
    if (this.lastEventId) this.#url.searchParams.set('last_event_id', this.lastEventId)
    const source = new EventSource(this.#url, { withCredentials: this.#withCredentials })
    this.#source = source
    this.lastSignAt = Date.now()
    source.onopen = () => { this.lastSignAt = Date.now() }
    source.onerror = () => this.#failed(source)
    for (const name of EVENTS) source.addEventListener(name, event => this.#receive(name, event))
  }

  #reopen(reason) {
    this.#become(navigator.onLine ? 'reconnecting' : 'offline', reason)
    this.#open()
  }

  #receive(name, event) {
    this.lastSignAt = Date.now()
    this.lastEventId = event.lastEventId || this.lastEventId
    const detail = event.data ? JSON.parse(event.data) : {}
    if (name === 'notification' && this.#seen.has(detail.uid)) return
    if (name === 'notification') detail.position = event.lastEventId
    // A retracted uid is remembered too: its notification must not come back when the log is rebuilt.
    if (name === 'notification' || name === 'retract') this.#remember(detail.uid)
    if (FAREWELLS.has(name)) this.#farewell = name
    if (name === 'synced') this.#attempts = 0
    if (detail.heartbeat_seconds) this.#heartbeatMs = detail.heartbeat_seconds * 1000
    // "offline" is only the browser's opinion: a server on this machine goes on sending.
    if (name === 'synced' || this.state === 'offline') this.#become('live')
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  #remember(uid) {
    this.#seen.add(uid)
    if (this.#seen.size > REMEMBERED_UIDS) this.#seen.delete(this.#seen.values().next().value)
  }

  #failed(source) {
    this.lastSignAt = Date.now()
    this.#become(navigator.onLine ? 'reconnecting' : 'offline', this.#farewell ?? 'lost')
    this.#farewell = null
    if (source.readyState === EventSource.CLOSED) this.#findOutWhy(source)
  }

  /** EventSource hides the status of the answer that made it give up, so ask once more and look. */
  async #findOutWhy(source) {
    const { status, retryAfterMs } = await this.#probe().catch(() => ({ status: 0, retryAfterMs: 0 }))
    if (source !== this.#source || this.state === 'closed') return
    if (status === 401 || status === 403) this.#become('signed-out')
    else if (status === 204) this.close() // § 9.2.3: "204 No Content" tells a client to stop
    else this.#openLater(retryAfterMs)
  }

  async #probe() {
    const asking = new AbortController()
    const timer = setTimeout(() => asking.abort(), PROBE_TIMEOUT_MS)
    const credentials = this.#withCredentials ? 'include' : 'same-origin'
    try {
      const answer = await fetch(this.#url, { credentials, cache: 'no-store', signal: asking.signal })
      return { status: answer.status, retryAfterMs: Number(answer.headers.get('Retry-After')) * 1000 || 0 }
    } finally {
      clearTimeout(timer)
      asking.abort() // the probe was answered 200: do not keep a second stream open
    }
  }

  #openLater(atLeastMs) {
    // Full jitter: everybody lost the same server at the same moment and must not come back at the same moment.
    const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** ++this.#attempts)
    const retryInMs = Math.max(atLeastMs, RETRY_MIN_MS + Math.random() * (ceilingMs - RETRY_MIN_MS))
    this.#become(navigator.onLine ? 'reconnecting' : 'offline', 'refused', retryInMs)
    this.#retryTimer = setTimeout(() => this.#open(), retryInMs)
  }

  #isTrying() {
    return this.state !== 'signed-out' && this.state !== 'closed'
  }

  #wake() {
    if (!this.#isTrying()) return
    if (this.#source.readyState === EventSource.CLOSED || this.state === 'offline') this.#reopen('lost')
    else this.#reopenIfSilent(SILENT_AFTER_HEARTBEATS_ON_WAKING)
  }

  #reopenIfSilent(heartbeats) {
    const isOpen = this.#isTrying() && this.#source.readyState !== EventSource.CLOSED
    if (isOpen && Date.now() - this.lastSignAt > heartbeats * this.#heartbeatMs) this.#reopen('silent')
  }

  #become(state, reason = null, retryInMs = null) {
    if (state === this.state && reason === this.reason && retryInMs === null) return
    this.state = state
    this.reason = reason
    this.dispatchEvent(new CustomEvent('state', { detail: { state, reason, retryInMs } }))
  }
}

/** Opens the stream; see {@link NotificationStream} for the parameters and the events. */
export const connect = (url, options) => new NotificationStream(url, options)
