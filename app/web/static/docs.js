/** Makes `/openapi.json` (OpenAPI 3.1) readable: the operations in the order of the journey, then the forms of the answers. */

import { byId, element } from './dom.js'

// By the first step of the path. What is named nowhere here is shown at the end: nothing is left out.
const GROUPS = {
  Send: ['notifications', 'order-events', 'catalogue', 'customers'],
  Listen: ['stream', 'subscriptions'],
  Read: ['inbox', 'receipts', 'preferences'],
  'Sign in': ['session'],
  Report: ['reports'],
  Operate: ['healthz', 'readyz', 'stats', 'metrics'],
}
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

let openapi = null
const shown = new Set()
const toShow = []

async function start() {
  try {
    const answer = await fetch('/openapi.json')
    if (!answer.ok) throw new TypeError(`/openapi.json answered ${answer.status}`)
    openapi = await answer.json()
  } catch {
    byId('trouble').hidden = false
    return
  }
  for (const [name, operations] of grouped()) {
    byId('operations').append(element('h2', { textContent: name }), ...operations.map(showOperation))
    byId('contents').append(element('h2', { textContent: name }), element('ol', {}, ...operations.map(linkTo)))
  }
  // A form may name further ones, which are added while we go on.
  for (const schema of toShow) {
    if (!shown.has(schema.title)) byId('form-list').append(element('article', { className: 'sheet' }, showSchema(schema)))
  }
  byId('operations').removeAttribute('aria-busy')
  // When the browser looked for the place that the address names, it was not there yet.
  document.getElementById(location.hash.slice(1))?.scrollIntoView()
}

function grouped() {
  const all = Object.entries(openapi.paths).flatMap(([path, methods]) => METHODS.filter(method => methods[method]).map(
    method => ({ path, method, step: path.split('/')[1], id: method + path.replace(/\W+/g, '-'), ...methods[method] })))
  const of = steps => steps.flatMap(step => all.filter(operation => operation.step === step))
  const named = Object.entries(GROUPS).map(([name, steps]) => [name, of(steps)])
  const others = all.filter(operation => !named.some(([, operations]) => operations.includes(operation)))
  return [...named, ['More', others]].filter(([, operations]) => operations.length > 0)
}

// -- Operations -------------------------------------------------------------------------------------------------

function showOperation({ id, method, path, summary, description, parameters, requestBody, responses }) {
  return element('article', { className: 'sheet', id },
    element('h3', {}, verb(method), code(path)),
    element('p', {}, ...prose(summary)),
    element('p', { className: 'hint' }, ...prose(description ?? 'Open to everybody.')),
    parameters.length > 0 ? part('Parameters', fields(parameters.map(showParameter))) : null,
    ...bodiesOf(requestBody).map((schema, at) => part(at ? 'Or as body' : 'Body', showSchema(schema))),
    part('Answers', fields(Object.entries(responses).map(showAnswer))))
}

function linkTo({ id, method, path }) {
  return element('li', {}, element('a', { href: `#${id}` }, verb(method), code(path)))
}

function bodiesOf(requestBody) {
  const schema = requestBody?.content['application/json'].schema
  return schema ? (schema.oneOf ?? [schema]).map(resolve) : []
}

function showParameter({ name, in: place, required, schema, description }) {
  return [name, required ? `${place}, required` : place, [...describe(schema), ...prose(description ? ` · ${description}` : '')]]
}

function showAnswer([status, { description, content = {} }]) {
  const form = Object.values(content)[0]?.schema
  return [status, '', [...prose(description), ...(form ? [' ', ...typeOf(form)] : [])]]
}

// -- Schemas ----------------------------------------------------------------------------------------------------

function showSchema(schema) {
  shown.add(schema.title)
  const { title, description = '', properties = {}, required = [], additionalProperties } = schema
  const isBody = additionalProperties === false // bodies are strict; answers may grow
  const mark = name => (isBody ? required.includes(name) && 'required' : !required.includes(name) && 'may be absent')
  const rows = Object.entries(properties).map(([name, property]) => [name, mark(name), describe(property)])
  return element('div', { id: `form-${title}` },
    element('p', { className: 'hint' }, code(title), ' ', ...prose(description)), fields(rows))
}

function resolve(schema) {
  return schema.$ref ? openapi.components.schemas[schema.$ref.split('/').pop()] : schema
}

/** @returns {Array<Node|string>} type, limits and default */
function describe(schema) {
  const preset = schema.default ?? null
  const words = [...limitsOf(schema), preset === null ? null : `default ${JSON.stringify(preset)}`]
  return [...typeOf(schema), ...words.filter(word => word !== null).flatMap(word => [' · ', ...prose(word)])]
}

/** @returns {Array<Node|string>} the type in words, with a link to the form that it names */
function typeOf(schema) {
  const { title, properties, anyOf, type, format, items, additionalProperties, ...more } = resolve(schema)
  if (properties) {
    toShow.push(resolve(schema))
    return [element('a', { href: `#form-${title}` }, code(title))]
  }
  // That a field with the default null may be null says no more than that it may be absent.
  if (anyOf) return anyOf.filter(each => each.type !== 'null' || more.default !== null).flatMap((each, at) => [at ? ' or ' : '', ...typeOf(each)])
  if (more.enum) return [more.enum.join(', ')]
  if (items) return ['array of ', ...typeOf(items)]
  if (additionalProperties?.type) return ['object of ', ...typeOf(additionalProperties)]
  return [format ?? type ?? 'anything']
}

function limitsOf({ anyOf = [], items = {}, minLength, maxLength, minItems, maxItems, minimum, maximum, pattern, description }) {
  return [
    range(minLength, maxLength, ' characters'),
    range(minItems, maxItems, ' items'),
    range(minimum, maximum, ''),
    pattern === undefined ? null : `matches \`${pattern}\``,
    description ?? null,
    ...anyOf.flatMap(limitsOf),
    ...(Object.keys(items).length > 0 ? limitsOf(items) : []),
  ]
}

function range(low, high, unit) {
  if (low === undefined && high === undefined) return null
  if (high === undefined || high > Number.MAX_SAFE_INTEGER) return `${low} or more${unit}`
  return low ? `${low} to ${high}${unit}` : `up to ${high}${unit}`
}

// -- Words ------------------------------------------------------------------------------------------------------

const code = text => element('code', { textContent: text })
const verb = method => element('span', { className: 'verb', textContent: method.toUpperCase(), dataset: { method } })
const part = (title, content) => element('section', {}, element('h4', { textContent: title }), content)
/** Text in which `…` marks code. */
const prose = text => text.split('`').map((piece, at) => (at % 2 ? code(piece) : piece))

function fields(rows) {
  return element('dl', { className: 'fields' }, ...rows.map(([name, mark, words]) => element('div', {},
    element('dt', {}, code(name), mark ? element('small', { textContent: mark }) : null), element('dd', {}, ...words))))
}

start()
