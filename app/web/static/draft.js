/** A sender's input: from the console's form to the body of `POST /notifications`. Touches no page. */

const MOST_AT_ONCE = 1_000

/** A field that cannot be sent as it is: `field` is its name in the form. */
export class BadField extends Error {
  constructor(field, message) {
    super(message)
    this.field = field
  }
}

/**
 * Only what cannot be put into JSON is checked here; the rest is the server's to judge, and its answer is shown.
 *
 * @param {Object<string, string>} input the form's fields by name
 * @returns {object} one notification, or `{notifications: [...]}` if it is to be sent several times
 * @throws {BadField}
 */
export function readDraft(input) {
  const times = parseTimes(input.times)
  const draft = {
    ...parseReceiver(input),
    title_text: input.title_text,
    body_text: input.body_text,
    event: input.event.trim(),
    priority: input.priority,
    ...(input.notes && { notes: input.notes }),
    ...(input.data.trim() && { data: parseData(input.data) }),
    ...readTimes(input),
    ...(input.collapse_key && { collapse_key: input.collapse_key }),
  }
  const numbered = Array.from({ length: times }, (_, index) => ({
    ...draft,
    title_text: draft.title_text.replaceAll('{n}', index + 1),
    body_text: draft.body_text.replaceAll('{n}', index + 1),
  }))
  return times === 1 ? numbered[0] : { notifications: numbered }
}

/** @returns {{send_at?: string, expires_at?: string}} those of the two that are given */
export function readTimes({ send_at, expires_at }) {
  return { ...(send_at && { send_at: toRfc3339(send_at) }), ...(expires_at && { expires_at: toRfc3339(expires_at) }) }
}

/** @param {string} local of an input of the type `datetime-local`, by this device's clock @returns {string} in UTC */
export function toRfc3339(local) {
  return new Date(local).toISOString()
}

/** @param {string} text @returns {object} what is written in the field `data` @throws {BadField} */
export function parseData(text) {
  let data
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new BadField('data', `This is not JSON: ${error.message}`)
  }
  if (data === null || typeof data !== 'object' || Array.isArray(data)) throw new BadField('data', 'This is JSON, but not an object: it must begin with { and end with }.')
  return data
}

function parseReceiver({ to, topic, receivers }) {
  if (to === 'topic') return { topic: topic.trim() }
  const ids = receivers.split(',').filter(part => part.trim()).flatMap(parseRange)
  if (ids.length === 0) throw new BadField('receivers', 'Give at least one customer number.')
  return ids.length === 1 ? { receiver_id: ids[0] } : { receiver_ids: ids }
}

function parseRange(text) {
  const match = /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(text)
  if (match === null) throw new BadField('receivers', `“${text.trim()}” is not a customer number.`)
  const first = Number(match[1])
  const last = Number(match[2] ?? match[1])
  if (last < first || last - first >= MOST_AT_ONCE) throw new BadField('receivers', `“${text.trim()}” is not a range of 1 to ${MOST_AT_ONCE} customers.`)
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

function parseTimes(text) {
  const times = Number(text)
  if (!Number.isInteger(times) || times < 1 || times > MOST_AT_ONCE) throw new BadField('times', `Must be a whole number from 1 to ${MOST_AT_ONCE}.`)
  return times
}

/** @returns {string} a new Idempotency-Key; `crypto.randomUUID` is missing where a page is served without TLS */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
