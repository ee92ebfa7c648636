/** The sender's console: a form that sends, and a list of what the server answered. */

import { byId, element } from './dom.js'
import { BadField, newKey, readDraft } from './draft.js'
import { readClaims, reloadOnNewToken, takeToken } from './token.js'

// This tab's own, and in a header: the cookie is the customer's page's, and two roles must not share it.
const TOKEN_KEY = 'getnotified.sender'
const PATH = '/notifications'
const MOST_ANSWERS = 100

/** @typedef {{key: string, body: object}} Request */

const form = byId('form')
let token = null

// -- Signing in ---------------------------------------------------------------------------------------------

function enter(candidate) {
  const claims = readClaims(candidate)
  if (claims?.role !== 'sender') {
    byId('door-text').textContent = claims === null
      ? 'That is not a token. Copy the whole link and try again.'
      : `That token belongs to ${claims.sub}. Only a sender's token can send.`
    return
  }
  token = candidate
  sessionStorage.setItem(TOKEN_KEY, token)
  document.body.dataset.state = 'live'
  byId('who').textContent = claims.sub
  byId('door').hidden = true
  byId('main').hidden = false
}

// -- Sending ------------------------------------------------------------------------------------------------

async function submit() {
  clearErrors()
  let body
  try {
    body = readDraft(Object.fromEntries(new FormData(form)))
  } catch (error) {
    if (!(error instanceof BadField)) throw error
    showErrors([{ field: error.field, message: error.message }])
    return
  }
  const button = form.querySelector('[type="submit"]')
  button.disabled = true
  const answer = await send({ key: byId('key').textContent, body })
  button.disabled = false
  byId('key').textContent = newKey()
  showErrors((answer.body?.errors ?? []).map(({ loc, msg }) => ({ field: fieldOf(loc), message: msg })))
}

/** Sends a request and puts the answer into the list. */
async function send(request) {
  const { key, body } = request
  const headers = { Authorization: `Bearer ${token}`, 'Idempotency-Key': key, 'Content-Type': 'application/json' }
  const begin = performance.now()
  let answer
  try {
    // Not the cookie: it is another customer's, and the header alone says who sends.
    const response = await fetch(PATH, { method: 'POST', headers, body: JSON.stringify(body), credentials: 'omit' })
    const text = await response.text()
    answer = { status: response.status, text, body: parse(text) }
  } catch (error) {
    answer = { status: 0, text: error.message, body: null }
  }
  showAnswer(request, { ...answer, took_ms: performance.now() - begin })
  return answer
}

function parse(text) {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

// -- Errors beside their fields -----------------------------------------------------------------------------

/** @param {Array<string|number>} loc such as ["notifications", 3, "title_text"] @returns {?string} the form's field */
function fieldOf(loc) {
  const names = loc.map(step => (step === 'receiver_id' || step === 'receiver_ids' ? 'receivers' : String(step)))
  return names.reverse().find(name => byId(`error-${name}`)) ?? null
}

function showErrors(errors) {
  const shown = new Set()
  for (const { field, message } of errors) {
    // A batch brings the same error for each of its notifications.
    if (field === null || shown.has(field)) continue
    shown.add(field)
    byId(`error-${field}`).textContent = message
    byId(`error-${field}`).hidden = false
    for (const input of form.querySelectorAll(`[name="${field}"]`)) input.setAttribute('aria-invalid', 'true')
  }
  const first = form.querySelector('[aria-invalid="true"]')
  if (first === null) return
  for (const hider of form.querySelectorAll('details')) hider.open ||= hider.contains(first)
  first.focus()
}

function clearErrors() {
  for (const error of form.querySelectorAll('.error')) error.hidden = true
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid')
}

// -- Answers ------------------------------------------------------------------------------------------------

/** @param {Request} request */
function showAnswer(request, { status, text, body, took_ms }) {
  const item = byId('answer').content.cloneNode(true).firstElementChild
  const find = name => item.querySelector(`.${name}`)
  item.dataset.status = status
  item.dataset.tone = toneOf(status)
  find('answer-status').textContent = status || 'No answer'
  find('answer-time').textContent = `${took_ms.toFixed(took_ms < 100 ? 1 : 0)} ms`
  find('answer-when').textContent = new Date().toLocaleTimeString()
  find('answer-words').textContent = wordsFor(status, body)
  find('answer-request').textContent = `POST ${PATH} · key ${request.key}`
  item.querySelector('pre').textContent = body === null ? text : JSON.stringify(body, null, 2)
  item.querySelector('details').hidden = text === ''
  item.querySelector('details').open = status >= 400
  find('answer-actions').append(button('Send again with the same key', () => send(request)))
  byId('answers').prepend(item)
  byId('empty').hidden = true
  if (byId('answers').children.length > MOST_ANSWERS) byId('answers').lastElementChild.remove()
}

function toneOf(status) {
  if (status === 202) return 'wait'
  return status >= 200 && status < 300 ? 'good' : 'bad'
}

function wordsFor(status, body) {
  if (status === 0) return 'The server could not be reached. Whether it took the request is not known: send it again with the same key.'
  if (status === 401) return 'The token is not valid any more. Open the console with a new link.'
  if (status >= 400) return body?.detail ?? body?.title ?? 'The server refused it.'
  return accepted(status, body.notifications)
}

function accepted(status, notifications) {
  const what = notifications.length === 1 ? 'Stored' : `${notifications.length} stored`
  if (status === 202) return `${what}. Will be delivered when the log is back.`
  const positions = notifications.map(({ position }) => position)
  const where = positions.length === 1 ? `position ${positions[0]}` : `positions ${positions[0]} to ${positions.at(-1)}`
  return `${what}, and on the way at ${where}.`
}

function button(text, onClick) {
  const made = element('button', { className: 'small', type: 'button', textContent: text })
  made.addEventListener('click', onClick)
  return made
}

// -- The form -----------------------------------------------------------------------------------------------

function showReceiver() {
  for (const name of ['receivers', 'topic']) {
    form.querySelector(`[data-field="${name}"]`).hidden = (form.elements.to.value === 'topic') !== (name === 'topic')
  }
}

function showCounts() {
  for (const count of form.querySelectorAll('[data-count]')) {
    const input = form.elements[count.dataset.count]
    // Characters as the server counts them: code points, not UTF-16 units.
    const length = [...input.value].length
    count.textContent = `${length} / ${input.dataset.limit}`
    count.classList.toggle('over', length > Number(input.dataset.limit))
  }
}

form.addEventListener('submit', event => {
  event.preventDefault()
  submit()
})
form.addEventListener('input', showCounts)
byId('to').addEventListener('change', showReceiver)
byId('clear').addEventListener('click', () => {
  byId('answers').replaceChildren()
  byId('empty').hidden = false
})
byId('door-form').addEventListener('submit', event => {
  event.preventDefault()
  enter(byId('door-token').value.trim().split('#token=').pop())
})
reloadOnNewToken()
showCounts()
showReceiver()
byId('key').textContent = newKey()

const known = takeToken() ?? sessionStorage.getItem(TOKEN_KEY)
if (known !== null) enter(known)
