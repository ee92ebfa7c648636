/** The sender's console: who sends, which view is shown, and the forms that send. */

import { Answers } from './answers.js'
import { byId, element } from './dom.js'
import { BadField, newKey, readDraft } from './draft.js'
import { clearErrors, showCounts, showErrors } from './form.js'
import { OrderEventForm } from './orderevent.js'
import { PlayView } from './play.js'
import { ReportsView } from './reports.js'
import { Sender } from './sender.js'
import { readClaims, reloadOnNewToken, takeToken } from './token.js'

// This tab's own, and in a header: the cookie is the customer's page's, and two roles must not share it.
const TOKEN_KEY = 'getnotified.sender'
const VIEWS = ['notification', 'order-event', 'day', 'reports']
const RETRY_MS = 3_000

const notificationForm = byId('notification-form')
const orderEventForm = byId('order-event-form')

// -- Signing in ---------------------------------------------------------------------------------------------

function enter(candidate) {
  const claims = readClaims(candidate)
  if (claims?.role !== 'sender') {
    byId('door-text').textContent = claims === null
      ? 'That is not a token. Copy the whole link and try again.'
      : `That token belongs to ${claims.sub}. Only a sender's token can send.`
    return
  }
  sessionStorage.setItem(TOKEN_KEY, candidate)
  document.body.dataset.state = 'live'
  byId('who').textContent = claims.sub
  byId('door').hidden = true
  byId('main').hidden = false
  open(new Sender(candidate))
}

function open(sender) {
  const answers = new Answers(sender)
  const orderEvent = new OrderEventForm(orderEventForm)
  submitsTo('/notifications', notificationForm, () => readDraft(Object.fromEntries(new FormData(notificationForm))), answers)
  submitsTo('/order-events', orderEventForm, () => orderEvent.read(), answers)
  loadCatalogue(sender, orderEvent)
  const views = { day: new PlayView(sender), reports: new ReportsView(sender) }
  addEventListener('hashchange', () => showView(views))
  showView(views)
}

// -- Views --------------------------------------------------------------------------------------------------

/** Shows the view that the address names. What names none (the skip link, a token) changes nothing. */
function showView(views) {
  const named = location.hash.slice(1) || VIEWS[0]
  const isFirst = document.querySelector('.views [aria-current]') === null
  if (!VIEWS.includes(named) && !isFirst) return
  const name = VIEWS.includes(named) ? named : VIEWS[0]
  for (const link of document.querySelectorAll('.views a')) {
    if (link.hash === `#${name}`) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  for (const part of document.querySelectorAll('[data-views]')) part.hidden = !part.dataset.views.split(' ').includes(name)
  views[name]?.show()
}

async function loadCatalogue(sender, orderEvent) {
  const { status, body } = await sender.request('GET', '/catalogue')
  byId('catalogue-trouble').hidden = status === 200
  if (status !== 200) return setTimeout(() => loadCatalogue(sender, orderEvent), RETRY_MS)
  byId('events').replaceChildren(...body.kinds.map(({ event: value }) => element('option', { value })))
  orderEvent.fill(body)
}

// -- Sending ------------------------------------------------------------------------------------------------

function submitsTo(path, form, read, answers) {
  const key = form.querySelector('.key code')
  let isBusy = false
  key.textContent = newKey()
  form.addEventListener('submit', async event => {
    event.preventDefault()
    if (isBusy) return
    clearErrors(form)
    const body = orErrors(form, read)
    if (body === null) return
    isBusy = true
    const isDryRun = event.submitter?.value === 'dry-run'
    const answer = await answers.send({ path, body, key: isDryRun ? null : key.textContent })
    isBusy = false
    if (!isDryRun) key.textContent = newKey()
    showErrors(form, (answer.body?.errors ?? []).map(({ loc, msg }) => ({ loc: loc.map(fieldFor), msg })))
  })
}

/** What is read; null if something can't be, which is then shown beside its field. */
function orErrors(form, read) {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof BadField)) throw error
    showErrors(form, [{ loc: [error.field], msg: error.message }])
    return null
  }
}

function fieldFor(step) {
  return step === 'receiver_id' || step === 'receiver_ids' ? 'receivers' : step
}

function showReceiver() {
  const { value } = notificationForm.elements.to
  notificationForm.querySelector('[data-field="receivers"]').hidden = value === 'topic'
  notificationForm.querySelector('[data-field="topic"]').hidden = value !== 'topic'
}

notificationForm.addEventListener('input', () => showCounts(notificationForm))
byId('to').addEventListener('change', showReceiver)
byId('door-form').addEventListener('submit', event => {
  event.preventDefault()
  enter(byId('door-token').value.trim().split('#token=').pop())
})
reloadOnNewToken()
showCounts(notificationForm)
showReceiver()
// One that nobody has used: what happens to an order is told once.
orderEventForm.elements.order_id.value = `N-${Date.now() % 100_000}`

const known = takeToken() ?? sessionStorage.getItem(TOKEN_KEY)
if (known !== null) enter(known)
