/** What would be sent, to whom, in which words and when: the answer to a request with `?dry_run=1`. */

import { element } from './dom.js'
import { moment, nameOf } from './report.js'

const MOST_SHOWN = 30

const WHEN = {
  now: () => 'Now',
  scheduled: ({ release_at }) => `Scheduled for ${moment(release_at)}`,
  held: ({ release_at }) => `Held for quiet hours until ${moment(release_at)}`,
  muted: () => 'Muted: kept in the inbox, not pushed',
}

/** @param {object[]} notifications of the answer @returns {HTMLElement} */
export function showPreview(notifications) {
  const more = notifications.length - MOST_SHOWN
  return element('ol', { className: 'previews' },
    ...notifications.slice(0, MOST_SHOWN).map(showOne),
    more > 0 ? element('li', { className: 'hint', textContent: `… and ${more} more` }) : null)
}

function showOne(notification) {
  const { event, title_text, body_text, notes, priority, delivery } = notification
  return element('li', { className: 'preview' },
    element('p', { className: 'preview-head' },
      element('strong', { textContent: nameOf(notification) }),
      chip(WHEN[delivery](notification), delivery === 'now' ? 'good' : 'wait'),
      chip(event),
      priority === 'normal' ? null : chip(`${priority} priority`)),
    element('p', { className: 'preview-title', textContent: title_text }),
    body_text ? element('p', { className: 'preview-body', textContent: body_text }) : null,
    notes ? element('p', { className: 'card-notes', textContent: notes }) : null,
    ...audience(notification))
}

function chip(textContent, tone = '') {
  return element('span', { className: 'chip', textContent, dataset: { tone } })
}

/** Who is subscribed to a topic, and to whom of them it is not pushed at once. */
function audience({ topic, receivers, muted_for = [], held_for = [] }) {
  if (topic === undefined) return []
  const subscribed = receivers === 1 ? '1 customer is subscribed.' : `${receivers} customers are subscribed.`
  const words = [
    subscribed,
    muted_for.length > 0 ? `Muted for ${muted_for.join(', ')}.` : null,
    held_for.length > 0 ? `Held for quiet hours of ${held_for.join(', ')}.` : null,
  ]
  return [element('p', { className: 'hint', textContent: words.filter(Boolean).join(' ') })]
}
