/**
 * Plays a day: sends what is due, in order, one request after the other.
 *
 * A request that gets no answer, or one that may be another the next time, is made again with the same Idempotency-Key:
 * so nothing happens twice, and nothing overtakes. Touches no page.
 */

import { toOrderEvent } from './day.js'
import { newKey } from './draft.js'
import { aFewAtATime, whyNot } from './sender.js'

const MOST_AT_ONCE = 1_000
// At high speed something is due all the time; what comes within so long goes in one request.
const GATHER_MS = 100
const RETRY_MIN_MS = 500
const RETRY_MAX_MS = 15_000
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * @typedef {'ready'|'preparing'|'playing'|'paused'|'done'|'stopped'} State
 *   `preparing`: tells the service who takes part. `stopped`: before the end.
 * @typedef {{line: import('./day.js').Line, msg: string}} Failure a line that was refused, and why
 */

/** Dispatches `state` when it has changed, and `progress` when one of the other properties has. */
export class Player extends EventTarget {
  /** @type {State} */ state = 'ready'
  /** How many lines were answered, with those that were refused. */
  answered = 0
  /** How many notifications the service made of them. */
  accepted = 0
  /** @type {Failure[]} */ failures = []
  /** @type {string} what is in the way at the moment; '' if nothing is */ trouble = ''

  #day; #speed; #prefix; #sender
  #clock = new Clock()

  /**
   * @param {import('./day.js').Day} day
   * @param {{speed: number, prefix: string, sender: import('./sender.js').Sender}} how speed: 60 plays an hour in a minute,
   *   Infinity waits for nothing; prefix: of the numbers of this play's orders
   */
  constructor(day, { speed, prefix, sender }) {
    super()
    this.#day = day
    this.#speed = speed
    this.#prefix = prefix
    this.#sender = sender
  }

  /** Which time of the day it is, in seconds since midnight. */
  get time() {
    const { begins, lines } = this.#day
    const reached = lines[Math.max(0, this.answered - 1)]?.at ?? 0
    return begins + (this.#speed === Infinity || this.isOver ? reached : Math.min(this.#now, lines.at(-1).at))
  }

  get isOver() {
    return this.state === 'done' || this.state === 'stopped'
  }

  /** Plays until the end, or until it is stopped. Never throws. */
  async play() {
    this.#become('preparing')
    await aFewAtATime(this.#day.people, person => this.#introduce(person), 8)
    if (this.isOver) return
    this.resume()
    while (!this.isOver && this.answered < this.#day.lines.length) {
      const due = this.state === 'playing' ? this.#due() : []
      if (due.length > 0) await this.#send(due)
      else await this.#wait(this.#untilNextMs())
    }
    if (!this.isOver) this.#become('done')
  }

  pause() {
    this.#clock.stop()
    this.#become('paused')
  }

  resume() {
    this.#clock.start()
    this.#become('playing')
  }

  /** A request that is under way is still waited for. */
  stop() {
    this.#become('stopped')
  }

  /** Seconds since the day's begin. What comes before the first line is not waited for. */
  get #now() {
    return this.#day.lines[0].at + this.#clock.elapsedMs / 1000 * this.#speed
  }

  #due() {
    const some = this.#day.lines.slice(this.answered, this.answered + MOST_AT_ONCE)
    if (this.#speed === Infinity) return some
    const now = this.#now
    const end = some.findIndex(({ at }) => at > now)
    return end === -1 ? some : some.slice(0, end)
  }

  #untilNextMs() {
    if (this.state === 'paused') return LONGEST_TIMER_MS
    return Math.max(GATHER_MS, (this.#day.lines[this.answered].at - this.#now) * 1000 / this.#speed)
  }

  async #introduce({ id, ...body }) {
    const answer = await this.#request('PUT', `/customers/${id}`, body)
    if (answer !== null && answer.status >= 400) this.#giveUp(whyNot(answer))
  }

  /** Sends lines; if some are refused, the others without them. */
  async #send(lines) {
    const play = { prefix: this.#prefix, speed: this.#speed, now: Date.now() }
    let events = lines.map(line => ({ line, body: toOrderEvent(line, play) }))
    while (events.length > 0) {
      const answer = await this.#request('POST', '/order-events', { events: events.map(({ body }) => body) }, newKey())
      if (answer === null) return
      if (answer.status === 401 || answer.status === 403) return this.#giveUp(whyNot(answer))
      if (answer.status < 300) {
        this.accepted += answer.body.notifications.length
        break
      }
      const refused = refusedOf(answer, events.length)
      this.failures.push(...[...refused].map(([at, msg]) => ({ line: events[at].line, msg })))
      events = events.filter((_, at) => !refused.has(at))
    }
    this.answered += lines.length
    this.#tell('progress')
  }

  /** @returns {Promise<?import('./sender.js').Answer>} one that is final; null: it was stopped before there was one */
  async #request(method, path, body, key) {
    for (let failures = 0; !this.isOver; failures += 1) {
      const answer = await this.#sender.request(method, path, { body, key })
      const mayPass = answer.status === 0 || answer.status === 429 || answer.status >= 500
      this.trouble = mayPass ? `${whyNot(answer)} It is tried again.` : ''
      if (!mayPass) return answer
      this.#tell('progress')
      const ceilingMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** failures)
      await this.#wait(Math.max(answer.retry_after_ms, (1 + Math.random()) * ceilingMs / 2))
    }
    return null
  }

  /** Until then, or until the state changes. */
  async #wait(ms) {
    const over = new AbortController()
    await new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      over.signal.addEventListener('abort', () => clearTimeout(timer))
      this.addEventListener('state', resolve, { signal: over.signal })
    })
    over.abort()
  }

  #giveUp(why) {
    this.trouble = why
    this.stop()
  }

  #become(state) {
    this.state = state
    this.#tell('state')
  }

  #tell(name) {
    this.dispatchEvent(new Event(name))
  }
}

/** A clock that can be stopped and goes on. The device's own may be put forward; `performance.now()` is not. */
class Clock {
  #beforeMs = 0
  #since = null

  get elapsedMs() {
    return this.#beforeMs + (this.#since === null ? 0 : performance.now() - this.#since)
  }

  start() {
    this.#since ??= performance.now()
  }

  stop() {
    this.#beforeMs = this.elapsedMs
    this.#since = null
  }
}

/** @returns {Map<number, string>} which events of a request were refused, by their place in it, and why; all if none is named */
function refusedOf(answer, count) {
  const errors = (answer.body?.errors ?? []).filter(({ loc }) => loc[0] === 'events' && loc[1] < count)
  if (errors.length === 0) return new Map(Array.from({ length: count }, (_, at) => [at, whyNot(answer)]))
  return new Map(errors.map(({ loc, msg }) => [loc[1], `${loc.slice(2).join('.')} ${msg}`]))
}
