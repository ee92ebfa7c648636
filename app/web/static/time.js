/** Times in words: "5 minutes ago", with the full time on hover, and the day above the first card of that day. */

const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const FULL = new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'medium' })
const DAY = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long' })
const DAY_OF_ANOTHER_YEAR = new Intl.DateTimeFormat('en', { dateStyle: 'long' })

const UNITS = [['day', 86_400], ['hour', 3_600], ['minute', 60]]
const JUST_NOW_SECONDS = 45

/** @param {Date} date @returns {string} such as "3 minutes ago" */
export function relative(date) {
  // The server's clock may be ahead of ours: nothing on the page happened in the future.
  const seconds = Math.max(0, (Date.now() - date) / 1000)
  if (seconds < JUST_NOW_SECONDS) return 'just now'
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ['minute', 60]
  return RELATIVE.format(-Math.max(1, Math.floor(seconds / length)), unit)
}

/** Fills a time element. @param {HTMLTimeElement} element @param {string} rfc3339 */
export function showTime(element, rfc3339) {
  element.dateTime = rfc3339
  element.title = FULL.format(new Date(rfc3339))
  element.textContent = relative(new Date(rfc3339))
}

/** Brings every relative time below `root` up to date. */
export function refreshTimes(root) {
  for (const element of root.querySelectorAll('time')) element.textContent = relative(new Date(element.dateTime))
}

/** @param {string} rfc3339 @returns {string} "Today", "Yesterday", "Monday, 3 March" in this device's time zone */
export function dayOf(rfc3339) {
  const date = new Date(rfc3339)
  const today = new Date()
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (date.toDateString() === today.toDateString()) return 'Today'
  if (date.toDateString() === yesterday.toDateString()) return 'Yesterday'
  return (date.getFullYear() === today.getFullYear() ? DAY : DAY_OF_ANOTHER_YEAR).format(date)
}
