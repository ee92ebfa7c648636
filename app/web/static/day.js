/** The scripted day of `day.json`, and how a line of it becomes an event of `POST /order-events`; see docs/day.py. */

/**
 * @typedef {{at: number, event: string, order_id?: number, send_in?: number, expires_in?: number, data?: object}} Line
 *   `at`: seconds since the day's begin. What else is in it stays as it is.
 * @typedef {{id: number, language: string, time_zone: string}} Person with the rest of the body of `PUT /customers/{id}`
 * @typedef {{begins: number, ends: number, people: Person[], lines: Line[]}} Day begins, ends: seconds since midnight
 */

/** @returns {Promise<Day>} @throws {TypeError} it cannot be loaded */
export async function loadDay() {
  const answer = await fetch('/web/day.json')
  if (!answer.ok) throw new TypeError(`/web/day.json answered ${answer.status}`)
  const { begins, ends, customers, kitchens, couriers, warehouses, events } = await answer.json()
  return { begins, ends, people: [...customers, ...kitchens, ...couriers, ...warehouses], lines: events }
}

/**
 * The same day with the orders that are placed in a part of it, each until its end, and what else happens in that part.
 *
 * @param {Day} day
 * @param {number} from seconds since midnight
 * @param {number} until
 * @returns {Day}
 */
export function cut(day, from, until) {
  const isIn = ({ at }) => day.begins + at >= from && day.begins + at < until
  const begun = new Set(day.lines.filter(line => line.event === 'order.placed' && isIn(line)).map(line => line.order_id))
  const lines = day.lines.filter(line => (line.order_id === undefined ? isIn(line) : begun.has(line.order_id)))
  return { ...day, lines }
}

/**
 * @param {Line} line
 * @param {{prefix: string, speed: number, now: number}} play prefix: of its order numbers; speed: Infinity for as fast as
 *   possible; now: ms since 1970
 * @returns {object} an event of `POST /order-events`
 */
export function toOrderEvent({ at, order_id, send_in, expires_in, data, ...line }, { prefix, speed, now }) {
  const after = seconds => new Date(now + seconds * 1000).toISOString()
  return {
    ...line,
    ...(order_id !== undefined && { order_id: `${prefix}${order_id}` }),
    // What the service waits for goes as fast as the play; what people read says what it would say in life.
    ...(send_in !== undefined && { send_at: after(send_in / speed) }),
    ...(expires_in !== undefined && { expires_at: after(expires_in) }),
    ...(data !== undefined && { data: putEta(data, after) }),
  }
}

function putEta({ eta_in, ...data }, after) {
  return eta_in === undefined ? data : { ...data, eta: after(eta_in) }
}
