/** The console's form for an order event: the fields that its kind needs and may use, by `GET /catalogue`. */

import { byId, element } from './dom.js'
import { BadField, parseData, readTimes, toRfc3339 } from './draft.js'
import { nameOfLanguage } from './form.js'

const MINUTE_MS = 60_000

// How the data that the catalogue knows is asked for, and what stands there at first. Other names are asked for as text.
const FACTS = {
  restaurant: { label: 'Restaurant', preset: 'Trattoria Nonna' },
  courier_name: { label: 'Courier’s name', preset: 'Mara' },
  amount: { label: 'Amount', preset: '24.90', input: { inputMode: 'decimal' } },
  currency: { label: 'Currency', preset: 'EUR', input: { maxLength: 3 } },
  eta: { label: 'Expected at', preset: () => inMinutes(30), input: { type: 'datetime-local' }, read: toRfc3339 },
  reason: { label: 'Reason', preset: 'Mill Street is closed.' },
  product: { label: 'Product', preset: 'Mozzarella' },
  quantity: { label: 'Quantity', preset: '4', input: { type: 'number', min: 0 }, read: Number },
  title_text: { label: 'Title of the notice', preset: 'Last orders' },
  body_text: { label: 'Text of the notice', preset: 'The kitchens take orders until 21:40.' },
}
const GROUPS = {
  customer: 'To the customer', courier: 'To the courier', kitchen: 'To the kitchen', warehouse: 'To the warehouse', topic: 'To a topic',
}
const NUMBERS = ['customer_id', 'courier_id', 'kitchen_id', 'warehouse_id', 'sequence']

export class OrderEventForm {
  #form
  #kinds = new Map()
  // What was filled in is kept while other kinds are looked at.
  #values = new Map()

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form
    form.elements.event.addEventListener('change', () => this.#showKind())
    byId('facts').addEventListener('input', ({ target }) => this.#values.set(target.name, target.value))
  }

  /** @param {{languages: string[], kinds: object[]}} catalogue as the server tells it */
  fill({ languages, kinds }) {
    this.#kinds = new Map(kinds.map(kind => [kind.event, kind]))
    this.#form.elements.event.replaceChildren(...Object.entries(GROUPS).map(([to, label]) => element('optgroup', { label },
      ...kinds.filter(kind => kind.to === to).map(({ event }) => element('option', { value: event, textContent: event })))))
    this.#form.elements.language.append(...languages.map(value => element('option', { value, textContent: nameOfLanguage(value) })))
    this.#showKind()
  }

  /**
   * @returns {object} the body of `POST /order-events`; what is not filled in is left out, for the server to judge
   * @throws {BadField}
   */
  read() {
    if (this.#kinds.size === 0) throw new BadField('event', 'The catalogue is not loaded yet.')
    const input = Object.fromEntries(new FormData(this.#form))
    const data = { ...(input.data.trim() && parseData(input.data)), ...this.#readFacts(input) }
    return {
      event: input.event,
      ...(input.order_id?.trim() && { order_id: input.order_id.trim() }),
      ...readNumbers(input),
      ...(input.topic?.trim() && { topic: input.topic.trim() }),
      ...(Object.keys(data).length > 0 && { data }),
      ...(input.priority && { priority: input.priority }),
      ...(input.language && { language: input.language }),
      ...readTimes(input),
    }
  }

  get #kind() {
    return this.#kinds.get(this.#form.elements.event.value)
  }

  #readFacts(input) {
    const given = [...this.#kind.needs, ...this.#kind.may].filter(name => input[name].trim())
    return Object.fromEntries(given.map(name => [name, (FACTS[name]?.read ?? String)(input[name].trim())]))
  }

  #showKind() {
    const { to, priority, needs, may, ends_order } = this.#kind
    const words = [GROUPS[to], `${priority} priority`, ends_order ? 'the order ends with it' : null]
    byId('kind-hint').textContent = `${words.filter(Boolean).join(' · ')}.`
    for (const part of this.#form.querySelectorAll('[data-for]')) {
      part.hidden = !part.dataset.for.split(' ').includes(to)
      // What is disabled is not sent.
      for (const input of part.querySelectorAll('input')) input.disabled = part.hidden
    }
    byId('facts').replaceChildren(...needs.map(name => this.#field(name, true)), ...may.map(name => this.#field(name, false)))
  }

  #field(name, isNeeded) {
    const { label = name.replaceAll('_', ' '), preset = '', input = {} } = FACTS[name] ?? {}
    const example = typeof preset === 'function' ? preset() : preset
    const id = `fact-${name}`
    const value = this.#values.get(name) ?? (isNeeded ? example : '')
    const made = element('input', { id, name, type: 'text', autocomplete: 'off', placeholder: example, ...input, value })
    made.setAttribute('aria-describedby', `error-${id}`)
    return element('div', { className: 'field', dataset: { field: name } },
      element('label', { htmlFor: id }, label, element('span', { className: 'count', textContent: isNeeded ? 'needed' : 'optional' })),
      made,
      element('p', { className: 'error', id: `error-${id}`, hidden: true }))
  }
}

function readNumbers(input) {
  const given = NUMBERS.filter(name => input[name]?.trim())
  return Object.fromEntries(given.map(name => {
    if (!/^\s*\d+\s*$/.test(input[name])) throw new BadField(name, `“${input[name]}” is not a number.`)
    return [name, Number(input[name])]
  }))
}

/** As an input of the type `datetime-local` wants it: this device's time, without a zone. */
function inMinutes(minutes) {
  const moment = new Date(Date.now() + minutes * MINUTE_MS)
  return new Date(moment - moment.getTimezoneOffset() * MINUTE_MS).toISOString().slice(0, 16)
}
