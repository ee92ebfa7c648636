/** Forms that show the server's errors beside their fields: a `[data-field]` holds a label, what is filled in and `.error`. */

const LANGUAGES = new Intl.DisplayNames(['en'], { type: 'language' })

/**
 * @param {HTMLFormElement} form
 * @param {Array<{loc: Array<string|number>, msg: string}>} errors as in a problem document
 * @returns {boolean} whether each has a field that can be seen
 */
export function showErrors(form, errors) {
  const fields = errors.map(({ loc }) => fieldOf(form, loc))
  for (const [index, field] of fields.entries()) {
    // A batch brings the same error for each of its items: the first one stands there.
    if (field !== null && fields.indexOf(field) === index) showError(field, errors[index].msg)
  }
  const first = form.querySelector('[aria-invalid="true"]')
  for (const hider of form.querySelectorAll('details')) hider.open ||= hider.contains(first)
  first?.focus()
  return !fields.includes(null)
}

/** @param {HTMLFormElement} form */
export function clearErrors(form) {
  for (const error of form.querySelectorAll('.error')) error.hidden = true
  for (const input of form.querySelectorAll('[aria-invalid]')) input.removeAttribute('aria-invalid')
}

/** Shows how much of their limits the texts use up. @param {HTMLFormElement} form */
export function showCounts(form) {
  for (const count of form.querySelectorAll('[data-count]')) {
    const input = form.elements[count.dataset.count]
    // Characters as the server counts them: code points, not UTF-16 units.
    const length = [...input.value].length
    count.textContent = `${length} / ${input.dataset.limit}`
    count.classList.toggle('over', length > Number(input.dataset.limit))
  }
}

/** @param {string} tag such as `ru` @returns {string} such as "Russian" */
export function nameOfLanguage(tag) {
  return LANGUAGES.of(tag)
}

function showError(field, text) {
  const error = field.querySelector(':scope > .error')
  error.textContent = text
  error.hidden = false
  for (const input of field.querySelectorAll('[name]')) input.setAttribute('aria-invalid', 'true')
}

/** The innermost step of the path that is a field of the form, and can be seen. */
function fieldOf(form, loc) {
  const fields = loc.map(step => form.querySelector(`[data-field="${CSS.escape(step)}"]:not([hidden])`))
  return fields.reverse().find(field => field !== null) ?? null
}
