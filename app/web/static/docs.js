/** Makes `/openapi.json` (OpenAPI 3.1) readable: the operations in the order of the journey, then the forms of the answers. */

import { byId, element } from './dom.js'

// What is in the description and named nowhere here is shown at the end: nothing is left out.
const GROUPS = [
  ['Send', /^\/(notifications|order-events|customers)/],
  ['Listen', /^\/(stream|subscriptions)/],
  ['Read', /^\/(inbox|receipts)/],
  ['Sign in', /^\/session/],
  ['Settings', /^\/preferences/],
  ['Operate', /^\/(healthz|readyz|metrics|stats)/],
  ['More', /^/],
]
const METHODS = ['get', 'post', 'put', 'patch', 'delete']

const shown = new Set()
const toShow = []
let document_ = null

async function start() {
  try {
    const answer = await fetch('/openapi.json')
    if (!answer.ok) throw new TypeError(`/openapi.json answered ${answer.status}`)
    document_ = await answer.json()
  } catch {
    byId('trouble').hidden = false
    return
  }
  for (const { name, operations } of grouped()) {
    byId('operations').append(element('h2', { textContent: name, id: name.toLowerCase().replace(' ', '-') }), ...operations.map(showOperation))
    byId('contents').append(element('h2', { textContent: name }), element('ol', {}, ...operations.map(linkTo)))
  }
  // A form may name further ones, which are added while we go on.
  for (const schema of toShow) if (!shown.has(schema.title)) byId('form-list').append(showForm(schema))
  byId('operations').removeAttribute('aria-busy')
  // The browser looked for the place in the address before it was there.
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView()
}

function grouped() {
  const all = Object.entries(document_.paths).flatMap(([path, methods]) => METHODS.filter(method => methods[method])
    .map(method => ({ path, method, id: `${method}${path.replace(/\W+/g, '-')}`, ...methods[method] })))
  const groupOf = path => GROUPS.find(([, pattern]) => pattern.test(path))[0]
  return GROUPS.map(([name]) => ({ name, operations: all.filter(({ path }) => groupOf(path) === name) }))
    .filter(({ operations }) => operations.length > 0)
}

function linkTo({ id, method, path }) {
  return element('li', {}, element('a', { href: `#${id}` }, verb(method), code(path)))
}

function verb(method) {
  return element('span', { className: 'verb', textContent: method.toUpperCase(), dataset: { method } })
}

const code = text => element('code', { textContent: text })

function showOperation({ id, method, path, summary, description, security, parameters, requestBody, responses }) {
  const made = element('article', { className: 'sheet', id },
    element('h3', {}, verb(method), code(path)),
    element('p', { textContent: summary }),
    element('p', { className: 'hint', textContent: description ?? (security ? '' : 'Open to everybody.') }))
  if (parameters.length > 0) made.append(part('Parameters', fields(parameters.map(showParameter))))
  if (requestBody) made.append(...bodySchemas(requestBody).map(schema => part('Body', showBody(schema))))
  made.append(part('Answers', fields(Object.entries(responses).map(showAnswer))))
  return made
}

function part(title, ...children) {
  return element('section', {}, element('h4', { textContent: title }), ...children)
}

function fields(rows) {
  return element('dl', { className: 'fields' }, ...rows.map(([name, mark, ...words]) => element('div', {},
    element('dt', {}, code(name), mark ? element('small', { textContent: mark }) : null), element('dd', {}, ...words))))
}

function showParameter({ name, in: place, required, schema, description }) {
  return [name, required ? `${place}, required` : place, ...wordsFor(schema), ...(description ? [`. ${description}`] : [])]
}

function showAnswer([status, { description, content = {} }]) {
  const [type, { schema }] = Object.entries(content)[0] ?? ['', {}]
  return [status, '', description, ...(schema ? [' ', ...typeOf(schema), type.includes('problem') ? ` as ${type}` : ''] : [])]
}

// -- Schemas --------------------------------------------------------------------------------------------------

const resolve = schema => (schema.$ref ? document_.components.schemas[schema.$ref.split('/').pop()] : schema)

function bodySchemas({ content }) {
  const { schema } = content['application/json']
  return (schema.oneOf ?? [schema]).map(resolve)
}

function showBody(schema) {
  shown.add(schema.title)
  return element('div', { id: `form-${schema.title}` },
    element('p', { className: 'hint' }, code(schema.title), schema.description ? `: ${schema.description}` : ''), showProperties(schema))
}

function showForm(schema) {
  const made = showBody(schema)
  made.classList.add('sheet')
  return made
}

function showProperties({ properties = {}, required = [], additionalProperties }) {
  // In an answer, what is not required may be absent; in a body, so may what has a default.
  const isBody = additionalProperties === false || Object.values(properties).some(property => 'default' in property)
  const mark = name => (isBody ? (required.includes(name) ? 'required' : '') : required.includes(name) ? '' : 'may be absent')
  return fields(Object.entries(properties).map(([name, property]) => [name, mark(name), ...wordsFor(property)]))
}

function wordsFor(schema) {
  const rules = [...limitsOf(schema), schema.default === undefined || schema.default === null ? '' : `default ${JSON.stringify(schema.default)}`]
  return [...typeOf(schema), ...rules.filter(Boolean).map(rule => ` · ${rule}`)]
}

/** @returns {Array<Node|string>} the type in words, with links to the forms that it names */
function typeOf(schema) {
  const meant = resolve(schema)
  if (meant.title && meant.properties) return [link(meant)]
  if (schema.anyOf) return schema.anyOf.filter(({ type }) => type !== 'null' || schema.default !== null).flatMap((each, at) => [at ? ' or ' : '', ...typeOf(each)])
  if (schema.enum) return [schema.enum.join(' | ')]
  if (schema.type === 'array') return ['array of ', ...typeOf(schema.items)]
  if (schema.additionalProperties?.type) return ['object of ', ...typeOf(schema.additionalProperties)]
  return [schema.format ?? schema.type ?? 'anything']
}

function link(schema) {
  toShow.push(schema)
  return element('a', { href: `#form-${schema.title}` }, code(schema.title))
}

function limitsOf({ anyOf = [], items = {}, ...schema }) {
  const { minLength = 0, maxLength, minItems = 0, maxItems, minimum, maximum, pattern, description } = schema
  return [
    maxLength === undefined ? '' : `${minLength} to ${maxLength} characters`,
    maxItems === undefined ? '' : `${minItems} to ${maxItems} of them`,
    minimum === undefined ? '' : `${minimum} to ${maximum ?? '…'}`,
    pattern ? `matches ${pattern}` : '',
    description ?? '',
    ...anyOf.flatMap(limitsOf),
    ...(items.type ? limitsOf(items) : []),
  ]
}

start()
