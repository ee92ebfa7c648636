/** Short messages at the edge of the page, gone after a while; a screen reader hears them as well. */

import { byId, element, icon } from './dom.js'
import { iconOf } from './list.js'

const SHOWN_MS = 6_000
const MOST_AT_ONCE = 3

/** @param {import('./client.js').Notification} notification */
export function toastNotification({ uid, event, title_text, body_text, priority }) {
  // An alert interrupts what a screen reader is saying; only what is urgent may do that.
  const region = byId(priority === 'high' ? 'urgent-toasts' : 'toasts')
  show(region, iconOf(event), title_text, body_text, { priority, uid })
}

/** Takes the one of a notification away that was taken back. @param {string} uid */
export function clearToast(uid) {
  for (const box of document.querySelectorAll('.toast')) if (box.dataset.uid === uid) box.remove()
}

/** @param {string} title @param {string} [text] */
export function toast(title, text = '') {
  show(byId('toasts'), 'inbox', title, text, { priority: 'normal' })
}

/** Takes all of them away: they belong to the customer who was here. */
export function clearToasts() {
  for (const region of [byId('toasts'), byId('urgent-toasts')]) region.replaceChildren()
}

function show(region, iconName, title, text, dataset) {
  const box = element('div', { className: 'toast', dataset },
    icon(iconName),
    element('div', {}, element('strong', { textContent: title }), element('p', { textContent: text })))
  const close = () => box.remove()
  box.addEventListener('click', () => { close(); scrollTo({ top: 0 }) })
  while (region.children.length >= MOST_AT_ONCE) region.firstElementChild.remove()
  region.append(box)
  setTimeout(close, SHOWN_MS)
}
