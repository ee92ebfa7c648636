/** The notifications on the page: newest first, each once, with the day above the first one of a day. */

import { icon } from './dom.js'
import { comparePositions } from './position.js'
import { dayOf, refreshTimes, showTime } from './time.js'

// What nobody scrolls to costs memory all day long; "Show older" brings it back.
const MOST_SHOWN = 500

const ICONS = [
  [/cancel|fail|reject|problem|lost/, 'alert'],
  [/delay|late/, 'late'],
  [/delivered|completed|done/, 'done'],
  [/out_for|picked|courier|shipped|arriv|near|transit/, 'courier'],
  [/prepar|cook|kitchen/, 'kitchen'],
  [/ready|pack|warehouse|parcel/, 'parcel'],
  [/pay|refund|invoice/, 'payment'],
  [/promo|offer|coupon|sale/, 'offer'],
  [/^order/, 'order'],
]

/** @param {string} event a kind of event, such as `order.delivered` @returns {string} a symbol of icons.svg */
export function iconOf(event) {
  return ICONS.find(([pattern]) => pattern.test(event))?.[1] ?? 'bell'
}

export class NotificationList {
  #root
  #template
  #items = new Map()
  #retracted = new Set()
  #expiries = new Map()
  /** Whether something older was taken off the end of the list to keep it short. */
  wasCut = false

  /**
   * @param {HTMLElement} root the list element
   * @param {HTMLTemplateElement} template one item
   */
  constructor(root, template) {
    this.#root = root
    this.#template = template
  }

  get size() {
    return this.#items.size
  }

  get newestPosition() {
    return this.#root.firstElementChild?.dataset.position || null
  }

  get oldestPosition() {
    return this.#root.lastElementChild?.dataset.position || null
  }

  uids() {
    return new Set(this.#items.keys())
  }

  /**
   * Puts a notification where it belongs, or brings the one with its uid up to date. Of those with the same collapse
   * key in the same channel only the newest stays, in whichever order they come: so does the server keep the inbox.
   *
   * @param {import('./client.js').Notification & {date_read?: ?string, muted?: boolean}} notification
   * @param {{isNew?: boolean}} [how] isNew: it came this moment, so draw the eye to it
   */
  put(notification, { isNew = false } = {}) {
    if (this.#retracted.has(notification.uid)) return
    const rival = this.#rivalOf(notification)
    if (rival && comparePositions(positionOf(rival), notification.position ?? null) > 0) return
    if (rival) this.remove(rival.dataset.uid)
    const known = this.#items.get(notification.uid)
    const item = known ?? this.#make(notification)
    // Read here but not known to the server yet: it stays read.
    item.dataset.read = String(Boolean(notification.date_read) || item.dataset.read === 'true')
    item.querySelector('.muted').hidden = !notification.muted
    describeButton(item)
    if (known && known.dataset.position === (notification.position ?? '')) return
    if (isNew) item.classList.add('new')
    item.dataset.position = notification.position ?? ''
    this.#items.set(notification.uid, item)
    if (notification.expires_at) this.#expiries.set(notification.uid, Date.parse(notification.expires_at))
    this.#place(item)
    this.#cut()
  }

  /** The sender took it back: it must not come back with an answer of the inbox that was under way. */
  retract(uid) {
    this.#retracted.add(uid)
    this.remove(uid)
  }

  /**
   * Takes off what has expired.
   *
   * @param {number} now ms since 1970
   * @returns {boolean} whether there was any
   */
  dropExpired(now) {
    const expired = [...this.#expiries].filter(([, at]) => at <= now)
    for (const [uid] of expired) this.remove(uid)
    return expired.length > 0
  }

  remove(uid) {
    const item = this.#items.get(uid)
    if (item === undefined) return
    const next = item.nextElementSibling
    this.#items.delete(uid)
    this.#expiries.delete(uid)
    item.remove()
    if (next) showDay(next)
  }

  clear() {
    this.#items.clear()
    this.#expiries.clear()
    this.#root.replaceChildren()
    this.wasCut = false
  }

  /** @param {Iterable<string>} uids */
  markRead(uids) {
    for (const uid of uids) {
      const item = this.#items.get(uid)
      if (item) setRead(item)
    }
  }

  markAllRead() {
    for (const item of this.#items.values()) setRead(item)
  }

  refresh() {
    refreshTimes(this.#root)
    for (const item of this.#items.values()) showDay(item)
  }

  /** The other one that cannot be on the page together with this one. */
  #rivalOf({ uid, topic = '', collapse_key }) {
    if (!collapse_key) return null
    const isRival = ({ dataset }) => dataset.collapseKey === collapse_key && dataset.topic === topic && dataset.uid !== uid
    return [...this.#items.values()].find(isRival) ?? null
  }

  #make(notification) {
    const item = this.#template.content.cloneNode(true).firstElementChild
    const find = name => item.querySelector(`.${name}`)
    item.dataset.uid = notification.uid
    item.dataset.topic = notification.topic ?? ''
    item.dataset.collapseKey = notification.collapse_key ?? ''
    item.dataset.event = notification.event
    item.dataset.priority = notification.priority
    find('card-icon').append(icon(iconOf(notification.event)))
    find('card-title').textContent = notification.title_text
    fill(find('card-body'), notification.body_text)
    fill(find('card-notes'), notification.notes)
    fill(find('about'), aboutOf(notification))
    find('urgent').hidden = notification.priority !== 'high'
    showTime(item.querySelector('time'), notification.date_sent)
    return item
  }

  #place(item) {
    const moved = item.nextElementSibling
    const isNewer = other => comparePositions(positionOf(item), positionOf(other)) > 0
    const last = this.#root.lastElementChild
    // Nearly everything belongs at one of the two ends: live ones at the top, older pages at the bottom.
    const before = last === null || (last !== item && !isNewer(last))
      ? null
      : [...this.#root.children].find(other => other !== item && isNewer(other)) ?? null
    this.#root.insertBefore(item, before)
    for (const changed of [item, item.nextElementSibling, moved]) if (changed) showDay(changed)
  }

  #cut() {
    while (this.#items.size > MOST_SHOWN) {
      this.remove(this.#root.lastElementChild.dataset.uid)
      this.wasCut = true
    }
  }
}

function positionOf(item) {
  return item.dataset.position || null
}

function aboutOf({ topic, data }) {
  if (data?.order_id) return `Order ${data.order_id}`
  return topic ?? ''
}

function fill(element, text) {
  element.textContent = text ?? ''
  element.hidden = !text
}

function setRead(item) {
  item.dataset.read = 'true'
  describeButton(item)
}

function describeButton(item) {
  const button = item.querySelector('.card-read')
  const isRead = item.dataset.read === 'true'
  button.hidden = isRead
  item.querySelector('.card-unread').hidden = isRead
  button.firstElementChild.textContent = `Mark as read: ${item.querySelector('.card-title').textContent}`
}

function showDay(item) {
  const dayIn = other => dayOf(other.querySelector('time').dateTime)
  const heading = item.querySelector('.day')
  const previous = item.previousElementSibling
  heading.textContent = dayIn(item)
  heading.hidden = previous !== null && dayIn(previous) === heading.textContent
}
