/** The console's view that plays the day: what is chosen, and how far it is. */

import { barChart } from './chart.js'
import { cut, loadDay } from './day.js'
import { byId, element } from './dom.js'
import { newKey } from './draft.js'
import { clearErrors, showErrors } from './form.js'
import { Player } from './player.js'
import { duration } from './report.js'

const REDRAW_MS = 200
const MOST_FAILURES = 50
const MINUTE = 60
// A bar of one minute would be thinner than a pixel.
const BAR = 5 * MINUTE
const ENDS = new Set(['order.delivered', 'order.cancelled'])
const STATES = {
  ready: 'Not begun',
  preparing: 'Telling the service who takes part',
  playing: 'Playing',
  paused: 'Paused',
  done: 'Over',
  stopped: 'Stopped',
}

export class PlayView {
  #sender
  #form = byId('day-form')
  #whole = null
  #day = null
  #player = null
  #bars = []
  #counted = 0
  #begun = 0
  #ended = 0

  /** @param {import('./sender.js').Sender} sender */
  constructor(sender) {
    this.#sender = sender
    this.#form.addEventListener('change', () => this.#isIdle && this.#choose())
    this.#form.addEventListener('submit', event => {
      event.preventDefault()
      if (this.#isIdle) this.#start()
    })
    byId('pause').addEventListener('click', () => (this.#player.state === 'paused' ? this.#player.resume() : this.#player.pause()))
    byId('stop').addEventListener('click', () => this.#player.stop())
    setInterval(() => this.#player?.state === 'playing' && this.#draw(), REDRAW_MS)
  }

  /** The day is loaded when somebody looks. */
  async show() {
    if (this.#whole !== null) return
    try {
      this.#whole = await loadDay()
    } catch {
      return say('The day could not be loaded. Load this page again in a moment.')
    }
    this.#choose()
  }

  get #isIdle() {
    return this.#whole !== null && (this.#player === null || this.#player.isOver)
  }

  #choose() {
    clearErrors(this.#form)
    const { from, until, speed } = Object.fromEntries(new FormData(this.#form))
    this.#player = null
    this.#day = cut(this.#whole, parseClock(from), parseClock(until))
    const { lines } = this.#day
    const seconds = lines.length > 0 ? (lines.at(-1).at - lines[0].at) / Number(speed) : 0
    byId('speed-hint').textContent = speed === 'Infinity'
      ? 'All at once, in requests of up to 1,000 events.'
      : `It takes ${duration(seconds * 1000)}.`
    this.#reset()
  }

  #start() {
    this.#choose()
    if (this.#day.lines.length === 0) {
      return showErrors(this.#form, [{ loc: ['until'], msg: 'No order is placed between the two times.' }])
    }
    // Something happens to an order once; a prefix of its own makes the orders of each play new.
    const prefix = `${newKey().slice(0, 6)}-`
    byId('day-prefix').textContent = `The orders of this play are ${prefix}1001 and so on.`
    this.#player = new Player(this.#day, { speed: Number(this.#form.elements.speed.value), prefix, sender: this.#sender })
    this.#player.addEventListener('state', () => this.#draw())
    this.#player.addEventListener('progress', () => this.#draw())
    this.#player.play()
  }

  #reset() {
    const { begins, ends, lines } = this.#day
    const perMinute = new Array((ends - begins) / BAR).fill(0)
    for (const { at } of lines) perMinute[Math.floor(at / BAR)] += MINUTE / BAR
    const most = `up to ${Math.max(...perMinute).toFixed(1)}`
    const chart = barChart(perMinute, { label: `${lines.length} events, ${most} a minute` })
    this.#bars = [...chart.children]
    byId('day-chart').replaceChildren(chart)
    byId('day-most').textContent = most
    const hours = Array.from({ length: (ends - begins) / 3600 + 1 }, (_, index) => String(begins / 3600 + index))
    byId('day-axis').replaceChildren(...hours.map(textContent => element('span', { textContent })))
    byId('day-prefix').textContent = ''
    this.#counted = this.#begun = this.#ended = 0
    this.#draw()
  }

  #draw() {
    const { state, answered, accepted, failures, trouble, time } = this.#player
      ?? { state: 'ready', answered: 0, accepted: 0, failures: [], trouble: '', time: this.#day.begins + (this.#day.lines[0]?.at ?? 0) }
    this.#count(answered)
    byId('day-time').textContent = showClock(time)
    byId('day-state').textContent = STATES[state]
    byId('day-orders').textContent = `${this.#begun} begun, ${this.#ended} ended`
    byId('day-events').textContent = `${count(answered - failures.length)} of ${count(this.#day.lines.length)}`
    byId('day-accepted').textContent = count(accepted)
    byId('day-errors').textContent = count(failures.length)
    byId('day-errors').classList.toggle('bad', failures.length > 0)
    say(trouble)
    this.#showFailures(failures)
    this.#showButtons(state)
  }

  #count(answered) {
    for (const { at, event } of this.#day.lines.slice(this.#counted, answered)) {
      this.#begun += Number(event === 'order.placed')
      this.#ended += Number(ENDS.has(event))
      this.#bars[Math.floor(at / BAR)].classList.add('played')
    }
    this.#counted = answered
  }

  #showFailures(failures) {
    const list = byId('day-failures')
    if (Number(list.dataset.count) === failures.length) return
    list.dataset.count = failures.length
    list.replaceChildren(...failures.slice(0, MOST_FAILURES).map(({ line, msg }) => element('p', { className: 'failure' },
      element('strong', { textContent: `${showClock(this.#day.begins + line.at)} ${line.event}` }),
      ` ${line.order_id === undefined ? '' : `of order ${line.order_id}`}: ${msg}`)))
    if (failures.length > MOST_FAILURES) list.append(element('p', { textContent: `… and ${failures.length - MOST_FAILURES} more` }))
  }

  #showButtons(state) {
    const isOn = state === 'preparing' || state === 'playing' || state === 'paused'
    const hadFocus = isOn && document.activeElement === byId('play')
    byId('play').hidden = isOn
    byId('play').textContent = state === 'ready' ? 'Start' : 'Play again'
    byId('pause').hidden = byId('stop').hidden = !isOn
    byId('pause').disabled = state === 'preparing'
    byId('pause').textContent = state === 'paused' ? 'Go on' : 'Pause'
    if (hadFocus) byId('stop').focus()
    for (const name of ['from', 'until']) this.#form.elements[name].disabled = isOn
    byId('speed').disabled = isOn
  }
}

function say(trouble) {
  byId('day-trouble').textContent = trouble
  byId('day-trouble').hidden = trouble === ''
}

function count(number) {
  return number.toLocaleString('en')
}

function parseClock(text) {
  const [hours, minutes] = text.split(':').map(Number)
  return hours * 3600 + minutes * MINUTE
}

function showClock(seconds) {
  const two = number => String(number).padStart(2, '0')
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds % 3600 / MINUTE))}`
}
