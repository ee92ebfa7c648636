/** What the server answered: a list, with what can be done about each answer. */

import { byId, element } from './dom.js'
import { showPreview } from './preview.js'
import { showReport, showReports } from './report.js'
import { aFewAtATime, whyNot } from './sender.js'

const MOST_ANSWERS = 100
const MOST_REPORTS = 50

/** @typedef {{path: string, body: object, key: ?string}} Request key: the Idempotency-Key; null: only to see what would be sent */

export class Answers {
  #sender

  /** @param {import('./sender.js').Sender} sender */
  constructor(sender) {
    this.#sender = sender
    byId('clear').addEventListener('click', () => {
      byId('answers').replaceChildren()
      byId('empty').hidden = false
    })
  }

  /**
   * Makes a request and puts the answer into the list.
   *
   * @param {Request} request
   * @returns {Promise<import('./sender.js').Answer>}
   */
  async send(request) {
    const { path, body, key } = request
    const answer = await this.#sender.request('POST', key === null ? `${path}?dry_run=1` : path, { body, key })
    this.#show(request, answer)
    return answer
  }

  #show(request, answer) {
    const item = byId('answer').content.cloneNode(true).firstElementChild
    const find = name => item.querySelector(`.${name}`)
    const isDone = answer.status >= 200 && answer.status < 300
    const isDryRun = request.key === null
    item.dataset.tone = toneOf(answer.status, isDryRun)
    find('answer-status').textContent = answer.status || 'No answer'
    find('answer-time').textContent = `${answer.took_ms.toFixed(answer.took_ms < 100 ? 1 : 0)} ms`
    find('answer-when').textContent = new Date().toLocaleTimeString()
    find('answer-words').textContent = wordsFor(answer, isDryRun)
    find('answer-request').textContent = `POST ${request.path}${isDryRun ? '?dry_run=1' : ` · key ${request.key}`}`
    item.querySelector('pre').textContent = answer.body === null ? answer.text : JSON.stringify(answer.body, null, 2)
    item.querySelector('details').hidden = answer.text === ''
    item.querySelector('details').open = answer.status >= 400
    if (isDone && isDryRun) find('answer-result').append(showPreview(answer.body.notifications))
    if (isDone && !isDryRun && answer.body.notifications.length > 0) {
      const uids = answer.body.notifications.map(({ uid }) => uid)
      find('answer-actions').append(
        button('Report', () => this.#report(uids, item)),
        button('Take back', () => this.#takeBack(uids, item)))
    }
    if (!isDryRun) find('answer-actions').append(button('Send again with the same key', () => this.send(request)))
    byId('answers').prepend(item)
    byId('empty').hidden = true
    if (byId('answers').children.length > MOST_ANSWERS) byId('answers').lastElementChild.remove()
  }

  async #takeBack(uids, item) {
    const answers = await aFewAtATime(uids, uid => this.#sender.request('DELETE', `/notifications/${uid}`))
    const failed = answers.find(({ status }) => status < 200 || status >= 300)
    const count = answers.filter(({ status }) => status >= 200 && status < 300).length
    const what = uids.length === 1 ? 'Taken back' : `${count} of ${uids.length} taken back`
    const later = answers.some(({ status }) => status === 202) ? ' Open pages learn of it later.' : ''
    say(item, failed && count === 0 ? whyNot(failed) : `${what}.${later}${failed ? ` ${whyNot(failed)}` : ''}`)
  }

  async #report(uids, item) {
    const some = uids.slice(0, MOST_REPORTS)
    const answers = await aFewAtATime(some, uid => this.#sender.request('GET', `/notifications/${uid}/report`))
    const failed = answers.find(({ status }) => status !== 200)
    if (failed) return say(item, whyNot(failed))
    const reports = answers.map(({ body }) => body)
    say(item, some.length < uids.length ? `The first ${some.length} of ${uids.length}:` : '')
    item.querySelector('.answer-result').replaceChildren(reports.length === 1 ? showReport(reports[0]) : showReports(reports))
  }
}

function say(item, text) {
  const note = item.querySelector('.answer-note')
  note.textContent = text
  note.hidden = text === ''
}

function toneOf(status, isDryRun) {
  if (status === 202) return 'wait'
  if (status < 200 || status >= 300) return 'bad'
  return isDryRun ? '' : 'good'
}

function wordsFor({ status, body }, isDryRun) {
  if (status === 0 && !isDryRun) return 'The server could not be reached. Whether it took the request is not known: send it again with the same key.'
  if (status < 200 || status >= 300) return whyNot({ status, body })
  return isDryRun ? previewed(body.notifications) : accepted(status, body.notifications)
}

function previewed({ length }) {
  return `Nothing was sent. ${length === 1 ? 'This is what would be' : `These ${length} would be`}:`
}

function accepted(status, notifications) {
  const what = notifications.length === 1 ? 'Stored' : `${notifications.length} stored`
  const positions = notifications.map(({ position }) => position)
  const later = positions.filter(position => position === null).length
  if (status === 202) {
    const some = later < positions.length ? `${later} of them to go` : 'To go'
    return `${what}. ${some} out later: at the given time, after quiet hours, or when the log is back.`
  }
  const where = positions.length === 1 ? `position ${positions[0]}` : `positions ${positions[0]} to ${positions.at(-1)}`
  return `${what}, and on the way at ${where}.`
}

/** A button that does nothing more while it is at it. Not `disabled`, which would take the focus away. */
function button(text, onClick) {
  const made = element('button', { className: 'small', type: 'button', textContent: text, ariaDisabled: 'false' })
  made.addEventListener('click', async () => {
    if (made.ariaDisabled === 'true') return
    made.ariaDisabled = 'true'
    await onClick()
    made.ariaDisabled = 'false'
  })
  return made
}
