/** The console's view of what became of all that was sent: `GET /reports`. */

import { barChart } from './chart.js'
import { byId, element } from './dom.js'
import { percentiles, showTable } from './report.js'
import { whyNot } from './sender.js'

const HOUR_MS = 3_600_000
const LABELS = 5

const COLUMNS = {
  sent: 'Sent', receivers: 'For', carried: 'Carried', waiting: 'Waiting', received: 'Received', read: 'Read', muted: 'Muted',
  held: 'Held', expired: 'Expired', retracted: 'Taken back',
}
const LATENCIES = {
  accepted_to_carried_ms: 'Accepted to carried', carried_to_received_ms: 'Carried to received', received_to_read_ms: 'Received to read',
}
const HOUR = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const HOUR_OF_A_DAY = new Intl.DateTimeFormat('en', { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

export class ReportsView {
  #sender
  #form = byId('reports-form')

  /** @param {import('./sender.js').Sender} sender */
  constructor(sender) {
    this.#sender = sender
    this.#form.addEventListener('change', () => this.show())
    this.#form.addEventListener('submit', event => {
      event.preventDefault()
      this.show()
    })
    byId('csv').addEventListener('click', () => this.#download())
  }

  async show() {
    const answer = await this.#sender.request('GET', `/reports?${this.#query}`)
    if (answer.status !== 200) return say(whyNot(answer))
    say('')
    byId('reports').replaceChildren(...(answer.body.total.sent > 0 ? all(answer.body) : [nothing()]))
  }

  get #query() {
    return new URLSearchParams({ from: new Date(Date.now() - Number(this.#form.elements.hours.value) * HOUR_MS).toISOString() })
  }

  /** By a script, for a link cannot carry the token in a header. */
  async #download() {
    const answer = await this.#sender.request('GET', `/reports?${this.#query}&format=csv`, { accept: 'text/csv' })
    if (answer.status !== 200) return say(whyNot(answer))
    say('')
    const href = URL.createObjectURL(new Blob([answer.text], { type: 'text/csv' }))
    element('a', { href, download: `getnotified-${new Date().toISOString().slice(0, 16).replace(':', '')}.csv` }).click()
    URL.revokeObjectURL(href)
  }
}

function all({ from, to, total, by_event, by_hour }) {
  const head = ['Kind of event', ...Object.values(COLUMNS), ...Object.values(LATENCIES)]
  const lines = [...by_event, { event: 'All', ...total }].map(counts => [
    counts.event,
    ...Object.keys(COLUMNS).map(name => counts[name].toLocaleString('en')),
    ...Object.keys(LATENCIES).map(name => percentiles(counts[name])),
  ])
  return [
    chartByHour(new Date(from), new Date(to), by_hour),
    showTable('Reports by kind of event', head, lines),
    element('p', { className: 'hint', textContent: 'Times are those of one half, and of 95 in 100 (p50 · p95).' }),
  ]
}

function chartByHour(from, to, by_hour) {
  const sent = new Map(by_hour.map(({ hour, sent }) => [new Date(hour).getTime(), sent]))
  const first = Math.floor(from / HOUR_MS) * HOUR_MS
  const hours = Array.from({ length: Math.ceil((to - first) / HOUR_MS) }, (_, index) => first + index * HOUR_MS)
  const values = hours.map(hour => sent.get(hour) ?? 0)
  const most = Math.max(...values)
  const format = hours.length > 24 ? HOUR_OF_A_DAY : HOUR
  const chart = barChart(values, {
    label: `Notifications sent in each of ${hours.length} hours, at most ${most}`,
    titles: values.map((value, at) => `${HOUR_OF_A_DAY.format(hours[at])}: ${value}`),
    gap: 0.2,
  })
  chart.classList.add('full')
  const step = (hours.length - 1) / (LABELS - 1)
  const labels = hours.length < LABELS ? hours : Array.from({ length: LABELS }, (_, at) => hours[Math.round(at * step)])
  return element('figure', { className: 'plot sheet' },
    element('figcaption', {}, 'Sent by hour ', element('span', { className: 'count', textContent: `up to ${most.toLocaleString('en')}` })),
    chart,
    element('div', { className: 'axis', ariaHidden: 'true' }, ...labels.map(hour => element('span', { textContent: format.format(hour) }))))
}

function nothing() {
  return element('div', { className: 'empty' },
    element('h2', { textContent: 'Nothing was sent' }),
    element('p', { textContent: 'Send something, or play the day, and look again.' }))
}

function say(trouble) {
  byId('reports-trouble').textContent = trouble
  byId('reports-trouble').hidden = trouble === ''
}
