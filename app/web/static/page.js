/** The customer's page: the connection's state, the notifications as they come, the badge, the receipts. */

import { connect } from './client.js'
import { byId } from './dom.js'
import { NotificationList } from './list.js'
import { closePreferences, offerPreferences } from './preferences.js'
import { Receipts } from './receipts.js'
import { SignInRefused, onOtherTab, signIn, signOut, whoIsSignedIn } from './session.js'
import { relative } from './time.js'
import { clearToast, clearToasts, toast, toastNotification } from './toasts.js'
import { readClaims, reloadOnNewToken, takeToken } from './token.js'
import { GAPS, REASONS, SENTENCES, SIGNED_OUT, WORDS } from './words.js'

const PAGE_SIZE = 30
// How long the list waits for the stream, which it should come after, before it is loaded without.
const PATIENCE_MS = 2_500
const REFRESH_MS = 20_000
const RETRY_MS = 3_000
// What goes to a topic expires on all of its pages at once; they must not all ask at once.
const SPREAD_MS = 2_000

const list = new NotificationList(byId('notifications'), byId('card'))
const receipts = new Receipts({ onCount: showUnreadCount, onSignedOut: () => leave(SIGNED_OUT) })

let me = null
let stream = null
let view = 'all'
let hasOlder = false
let isLoaded = false
let loads = 0
let gap = null
let retryAt = null
let countTimer = null

// -- Signing in ---------------------------------------------------------------------------------------------

async function start() {
  const token = takeToken()
  if (token !== null) return signInWith(token)
  me = whoIsSignedIn()
  openStream()
}

async function signInWith(token) {
  const claims = readClaims(token)
  if (claims === null) return leave({ ...SIGNED_OUT, text: 'That is not a token. Copy the whole link and try again.' })
  if (claims.role !== 'customer') {
    return leave({ ...SIGNED_OUT, text: `That link belongs to ${claims.sub}, who has no notifications. Senders use the console.` })
  }
  try {
    me = (await signIn(token)).sub
  } catch (error) {
    if (error instanceof SignInRefused) return leave({ ...SIGNED_OUT, title: 'That link does not work', text: error.message })
    showState('reconnecting', 'refused')
    setTimeout(() => signInWith(token), RETRY_MS)
    return
  }
  enter()
  openStream()
}

/** Shows the notifications' side of the page. */
function enter() {
  byId('door').hidden = true
  byId('main').hidden = false
}

/** Stops everything and shows the door: nothing of the customer who was here stays on the page. */
function leave({ title, text, continueAs = null }) {
  stream?.close()
  stream = null
  receipts.drop()
  list.clear()
  clearToasts()
  closePreferences()
  isLoaded = false
  loads += 1
  showUnreadCount(null)
  showState('signed-out')
  byId('door-title').textContent = title
  byId('door-text').textContent = text
  byId('door-form').hidden = continueAs !== null
  byId('door-continue').hidden = continueAs === null
  byId('door-continue').textContent = `Continue as ${nameOf(continueAs)}`
  byId('main').hidden = true
  byId('door').hidden = false
}

function leaveToAnother(sub) {
  leave({
    title: `${nameOf(sub)} signed in`,
    text: 'Another customer signed in in this browser, so this page stopped. It shows nothing of either until you say so.',
    continueAs: sub,
  })
}

/** The cookie is the browser's, so another tab may have changed who we are. */
function changedElsewhere(sub) {
  if (sub === null) leave(SIGNED_OUT)
  else if (me !== null && sub !== me) leaveToAnother(sub)
  else if (stream === null) location.reload()
}

function nameOf(sub) {
  const [kind, id] = (sub ?? 'somebody').split(':')
  return id === undefined ? kind : `${kind[0].toUpperCase()}${kind.slice(1)} ${id}`
}

/** Whether a notification may be shown on this page. Between another tab's sign-in and its word to us, it might not. */
function isMine({ receiver_id }) {
  return me === null || receiver_id === undefined || `customer:${receiver_id}` === me
}

// -- The stream ---------------------------------------------------------------------------------------------

function openStream() {
  byId('who').textContent = nameOf(me)
  showState('connecting')
  let missed = 0
  const on = (name, handle) => stream.addEventListener(name, event => handle(event.detail))

  stream = connect('/stream?count=1')
  on('state', ({ state, reason, retryInMs }) => {
    if (state === 'signed-out') return leave(SIGNED_OUT)
    if (state !== 'closed') showState(state, reason, retryInMs)
  })
  on('notification', notification => {
    if (!isMine(notification)) return leaveToAnother(`customer:${notification.receiver_id}`)
    list.put(notification, { isNew: true })
    receipts.received([notification.uid])
    if (stream.state === 'live') toastNotification(notification)
    else missed += 1
    showList()
  })
  on('receipt', ({ read, unread_count }) => {
    list.markRead(read)
    showUnreadCount(unread_count)
  })
  on('retract', ({ uid }) => {
    list.retract(uid)
    clearToast(uid)
    showList()
    askUnreadCount()
  })
  on('gap', ({ reason }) => {
    gap = GAPS[reason]
    showGap(`${gap}. Loading your inbox…`)
    loadInbox()
  })
  on('synced', ({ unread_count }) => {
    showUnreadCount(unread_count)
    if (missed > 0) showMissed(missed)
    // Read on another device, in a time of which the stream told us nothing.
    else if (unread_count === 0) list.markAllRead()
    missed = 0
    // After the stream has begun, not before: what is sent in between is then in one of the two.
    if (!isLoaded) loadInbox()
  })
  setTimeout(() => stream !== null && !isLoaded && loadInbox(), PATIENCE_MS)
}

// -- The inbox ----------------------------------------------------------------------------------------------

/** @returns {Promise<?object>} the answer, null if there was none */
async function fetchInbox(before = null, limit = PAGE_SIZE) {
  const query = new URLSearchParams({ limit })
  if (view === 'unread') query.set('unread', 'true')
  if (before !== null) query.set('before', before)
  try {
    const answer = await fetch(`/inbox?${query}`)
    if (answer.status === 401 || answer.status === 403) leave(SIGNED_OUT)
    return answer.ok ? await answer.json() : null
  } catch {
    return null
  }
}

/** Brings the list up to date with the newest page of the inbox; tries until there is an answer. */
async function loadInbox() {
  const load = ++loads
  const known = list.uids()
  const page = await fetchInbox()
  if (load !== loads) return
  byId('inbox-trouble').hidden = page !== null
  if (page === null) {
    setTimeout(() => load === loads && loadInbox(), RETRY_MS)
    return
  }
  isLoaded = stream.state === 'live'
  // What came on the stream meanwhile may be newer than the answer; what was there before and is not in it, is gone.
  for (const { uid } of page.notifications) known.delete(uid)
  for (const uid of known) list.remove(uid)
  take(page)
  if (gap !== null) showGap(`${gap}; the list below was reloaded from your inbox.`)
  gap = null
}

async function loadOlder() {
  const load = loads
  byId('older').disabled = true
  const page = await fetchInbox(list.oldestPosition)
  byId('older').disabled = false
  if (page !== null && load === loads) take(page)
}

function take(page) {
  const stranger = page.notifications.find(notification => !isMine(notification))
  if (stranger) return leaveToAnother(`customer:${stranger.receiver_id}`)
  for (const notification of page.notifications) list.put(notification)
  hasOlder = page.next !== null
  receipts.received(page.notifications.filter(({ date_received }) => date_received === null).map(({ uid }) => uid))
  showUnreadCount(page.unread_count)
  showList()
}

/** Asks, in a moment, how many are unread: what was taken off may have been one of them. */
function askUnreadCount() {
  countTimer ??= setTimeout(async () => {
    countTimer = null
    const load = loads
    const page = stream === null ? null : await fetchInbox(null, 1)
    if (page !== null && load === loads) showUnreadCount(page.unread_count)
  }, Math.random() * SPREAD_MS)
}

function changeView(name) {
  view = name
  isLoaded = false
  hasOlder = false
  list.clear()
  showList()
  loadInbox()
}

// -- Reading ------------------------------------------------------------------------------------------------

function read(item) {
  if (item === null || item.dataset.read === 'true') return
  list.markRead([item.dataset.uid])
  receipts.read(item.dataset.uid)
}

function readAll() {
  receipts.readUpTo(list.newestPosition)
  list.markAllRead()
  byId('read-all').disabled = true
}

// -- Showing ------------------------------------------------------------------------------------------------

function showState(state, reason = null, retryInMs = null) {
  document.body.dataset.state = state
  byId('status-word').textContent = WORDS[state]
  retryAt = retryInMs === null ? null : Date.now() + retryInMs
  const sentence = state === 'reconnecting' ? REASONS[reason] : SENTENCES[state]
  byId('state-text').textContent = sentence
  byId('trouble-text').textContent = sentence
  byId('trouble').hidden = state !== 'reconnecting' && state !== 'offline'
}

/** The count is the server's: adding up here would drift from it with the first event that comes twice. */
function showUnreadCount(count) {
  const badge = byId('unread')
  badge.hidden = !count
  badge.textContent = count > 999 ? '999+' : count ?? ''
  badge.setAttribute('aria-label', `${count} unread`)
  document.title = count ? `(${count}) getnotified` : 'getnotified'
  byId('read-all').disabled = !count
}

function showGap(text) {
  byId('gap-text').textContent = text
  byId('gap').hidden = false
}

function showMissed(count) {
  const what = count === 1 ? '1 notification' : `${count} notifications`
  byId('replayed').textContent = what
  toast(`${what} came while you were away`)
}

function showList() {
  const isEmpty = list.size === 0
  byId('notifications').setAttribute('aria-busy', String(isEmpty && !isLoaded))
  byId('skeleton').hidden = !isEmpty || isLoaded
  byId('empty').hidden = !isEmpty || !isLoaded
  byId('empty-title').textContent = view === 'unread' ? 'All read' : 'Nothing here yet'
  byId('empty-text').textContent = view === 'unread'
    ? 'There is nothing that you have not read.'
    : 'When something happens to your order, it appears here the moment it happens.'
  byId('older').hidden = isEmpty || !(hasOlder || list.wasCut)
}

function tick() {
  if (stream === null) return
  if (list.dropExpired(Date.now())) {
    showList()
    askUnreadCount()
  }
  byId('last-sign').textContent = relative(new Date(stream.lastSignAt))
  byId('position').textContent = stream.lastEventId || 'none yet'
  if (retryAt !== null) {
    const seconds = Math.max(1, Math.ceil((retryAt - Date.now()) / 1000))
    byId('trouble-text').textContent = `${REASONS.refused} Next try in ${seconds} s.`
  }
}

// -- Listening ----------------------------------------------------------------------------------------------

byId('notifications').addEventListener('click', event => read(event.target.closest('[data-uid]')))
byId('read-all').addEventListener('click', readAll)
byId('older').addEventListener('click', loadOlder)
byId('retry').addEventListener('click', () => stream?.reconnect())
byId('gap-close').addEventListener('click', () => { byId('gap').hidden = true })
byId('view').addEventListener('change', event => changeView(event.target.value))
byId('sign-out').addEventListener('click', () => signOut().then(
  () => leave({ ...SIGNED_OUT, title: 'You signed out' }),
  () => toast('You are still signed in', 'The server could not be reached. Try again in a moment.'),
))
byId('door-continue').addEventListener('click', () => location.reload())
byId('door-form').addEventListener('submit', event => {
  event.preventDefault()
  const pasted = byId('door-token').value.trim()
  byId('door-token').value = ''
  signInWith(pasted.split('#token=').pop())
})
offerPreferences(() => leave(SIGNED_OUT))
onOtherTab(changedElsewhere)
reloadOnNewToken()
setInterval(tick, 1_000)
setInterval(() => list.refresh(), REFRESH_MS)
start()
