/** What became of notifications, and how long it took, in words and figures: `GET /notifications/{uid}/report`. */

import { element } from './dom.js'

const STATES = {
  waiting: 'Waiting',
  scheduled: 'Scheduled',
  held: 'Held for quiet hours',
  carried: 'Carried',
  expired: 'Expired',
  retracted: 'Taken back',
}
const TIME = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' })

/** @param {?number} ms @returns {string} such as "4.2 ms", "1.3 s"; a dash if it is not known */
export function duration(ms) {
  if (ms === null || ms === undefined) return '–'
  if (ms < 1_000) return `${ms.toFixed(ms < 10 ? 1 : 0)} ms`
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`
  return ms < 3_600_000 ? `${(ms / 60_000).toFixed(1)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}

/** @param {string} rfc3339 @returns {string} by this device's clock */
export function moment(rfc3339) {
  return TIME.format(new Date(rfc3339))
}

/** @param {{receiver_id?: number, topic?: string}} to @returns {string} such as "Customer 42" */
export function nameOf({ receiver_id, topic }) {
  return receiver_id === undefined || receiver_id === null ? `Topic ${topic}` : `Customer ${receiver_id}`
}

/** @param {object} report @returns {HTMLElement} */
export function showReport(report) {
  const { state, receivers, received, read, muted, held, expired } = report
  return element('dl', { className: 'facts' }, ...rows([
    ['To', nameOf(report)],
    ['State', STATES[state] ?? state],
    ['Goes out', whenOf(report)],
    ['Carried', report.date_carried && moment(report.date_carried)],
    ['Taken back', report.date_retracted && moment(report.date_retracted)],
    ['Received', `${received} of ${receivers}`],
    ['Read', `${read} of ${receivers}`],
    ['Muted', muted],
    ['Held for quiet hours', held],
    ['Expired unread', expired],
    ['Accepted to carried', state === 'carried' && duration(report.accepted_to_carried_ms)],
    ['Carried to received, p50 · p95', received && percentiles(report.carried_to_received_ms)],
    ['Received to read, p50 · p95', read && percentiles(report.received_to_read_ms)],
  ]))
}

/** @param {object[]} reports of several @returns {HTMLElement} a line for each */
export function showReports(reports) {
  const head = ['To', 'State', 'Received', 'Read', 'Muted']
  const lines = reports.map(report => [
    nameOf(report), STATES[report.state] ?? report.state, `${report.received} of ${report.receivers}`, report.read, report.muted,
  ])
  return showTable('Report by receiver', head, lines)
}

/**
 * @param {string} label what a screen reader calls it
 * @param {string[]} head
 * @param {Array<Array<string|number>>} lines the first cell of a line says what the line is about
 * @returns {HTMLElement} a table that can be scrolled to the side, also with the keyboard
 */
export function showTable(label, head, lines) {
  const cells = line => line.map((textContent, at) => element(at ? 'td' : 'th', { textContent, ...(at === 0 && { scope: 'row' }) }))
  return element('div', { className: 'table', tabIndex: 0, role: 'region', ariaLabel: label },
    element('table', {},
      element('thead', {}, element('tr', {}, ...head.map(textContent => element('th', { textContent, scope: 'col' })))),
      element('tbody', {}, ...lines.map(line => element('tr', {}, ...cells(line))))))
}

/** @param {?{p50: number, p95: number}} found @returns {string} */
export function percentiles(found) {
  return found ? `${duration(found.p50)} · ${duration(found.p95)}` : '–'
}

/** What is nothing or null is left out. */
function rows(pairs) {
  return pairs.filter(([, value]) => value).map(([name, value]) => element('div', {},
    element('dt', { textContent: name }), element('dd', { textContent: value })))
}

function whenOf({ state, send_at, held_until }) {
  if (state === 'held') return held_until && moment(held_until)
  return state === 'scheduled' ? send_at && moment(send_at) : null
}
