/** The dialog in which a customer says how and when they want to be told: `GET` and `PUT /preferences`. */

import { byId, element } from './dom.js'
import { clearErrors, nameOfLanguage, showErrors } from './form.js'
import { toast } from './toasts.js'

const GROUPS = [
  ['Orders', ['customer', 'topic']],
  ['For couriers, kitchens and warehouses', ['courier', 'kitchen', 'warehouse']],
]
const FIRST_QUIET_HOURS = { from: '22:00', to: '07:00' }

const dialog = byId('preferences')
const form = byId('preferences-form')

/** Makes the page's button open the dialog. @param {() => void} onSignedOut told when the server no longer knows us */
export function offerPreferences(onSignedOut) {
  byId('open-preferences').addEventListener('click', () => open(onSignedOut))
  byId('close-preferences').addEventListener('click', () => dialog.close())
  byId('device-zone').addEventListener('click', () => {
    form.elements.time_zone.value = deviceZone()
    showZone()
  })
  form.addEventListener('submit', event => {
    event.preventDefault()
    save(onSignedOut)
  })
  form.elements.time_zone.addEventListener('input', showZone)
  byId('quiet').addEventListener('change', showQuietHours)
  fillZones()
}

/** They are one customer's: nobody else may see them. */
export function closePreferences() {
  dialog.close()
}

async function open(onSignedOut) {
  const [preferences, catalogue] = await Promise.all([request('GET', '/preferences'), request('GET', '/catalogue')])
  if (preferences.status === 401) return onSignedOut()
  if (!preferences.body || !catalogue.body) return toast('Your preferences cannot be loaded', 'Try again in a moment.')
  fill(preferences.body, catalogue.body)
  dialog.showModal()
}

async function save(onSignedOut) {
  clearErrors(form)
  say('')
  const { status, body, problem } = await request('PUT', '/preferences', read())
  if (status === 401) return onSignedOut()
  if (body) {
    dialog.close()
    return toast('Your preferences are saved', 'They hold for what is sent from now on.')
  }
  const errors = problem?.errors ?? []
  if (errors.length > 0 && showErrors(form, errors)) return
  say(problem?.detail ?? 'The server cannot be reached at the moment. Nothing is saved yet.')
}

/** @returns {Promise<{status: number, body: ?object, problem: ?object}>} body: of a success; status 0: no answer */
async function request(method, path, body) {
  try {
    const headers = body && { 'Content-Type': 'application/json' }
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body) })
    const json = await answer.json()
    return { status: answer.status, body: answer.ok ? json : null, problem: answer.ok ? null : json }
  } catch {
    return { status: 0, body: null, problem: null }
  }
}

function read() {
  const input = new FormData(form)
  return {
    language: input.get('language'),
    time_zone: input.get('time_zone').trim(),
    muted_kinds: input.getAll('muted_kinds'),
    quiet_hours: byId('quiet').checked ? { from: input.get('from'), to: input.get('to') } : null,
  }
}

function fill({ language, time_zone, muted_kinds, quiet_hours }, { languages, kinds }) {
  clearErrors(form)
  say('')
  // Another system may have set a language that has no texts here: it stays until another one is chosen.
  const known = languages.includes(language) ? languages : [language, ...languages]
  form.elements.language.replaceChildren(...known.map(value => element('option', {
    value, textContent: nameOfLanguage(value), selected: value === language,
  })))
  form.elements.time_zone.value = time_zone
  const muted = new Set(muted_kinds)
  byId('kinds').replaceChildren(...GROUPS.map(([name, to]) => showGroup(name, kinds.filter(kind => to.includes(kind.to)), muted)))
  byId('quiet').checked = quiet_hours !== null
  const { from, to } = quiet_hours ?? FIRST_QUIET_HOURS
  form.elements.from.value = from
  form.elements.to.value = to
  showZone()
  showQuietHours()
}

function showGroup(name, kinds, muted) {
  const isOpen = name === GROUPS[0][0] || kinds.some(({ event }) => muted.has(event))
  return element('details', { className: 'group', open: isOpen },
    element('summary', { textContent: name }),
    ...kinds.map(({ event, priority }) => element('label', { className: 'check' },
      element('input', { type: 'checkbox', name: 'muted_kinds', value: event, checked: muted.has(event) }),
      element('span', {}, wordsFor(event), priority === 'high' ? element('small', { textContent: ' urgent' }) : null))))
}

/** @param {string} event such as `order.out_for_delivery` @returns {string} such as "Order out for delivery" */
function wordsFor(event) {
  const words = event.replaceAll(/[._]/g, ' ')
  return words[0].toUpperCase() + words.slice(1)
}

function fillZones() {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone')]
  byId('zones').replaceChildren(...zones.map(value => element('option', { value })))
}

function deviceZone() {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

/** What the clock shows there: a sign that it is the right one. */
function showZone() {
  const timeZone = form.elements.time_zone.value.trim()
  byId('device-zone').hidden = timeZone === deviceZone()
  byId('device-zone').textContent = `Use ${deviceZone()}`
  try {
    byId('zone-hint').textContent = `It is ${new Date().toLocaleTimeString('en-GB', { timeZone, timeStyle: 'short' })} there.`
  } catch {
    byId('zone-hint').textContent = ''
  }
}

function showQuietHours() {
  byId('quiet-hours').hidden = !byId('quiet').checked
}

function say(text) {
  byId('preferences-trouble').textContent = text
  byId('preferences-trouble').hidden = text === ''
}
