/** The little that the pages need to make elements. Text is always put in as text, never as HTML. */

const SVG = 'http://www.w3.org/2000/svg'

/**
 * @param {string} tag
 * @param {object} properties of the element; `dataset` is an object of its own
 * @param {...(Node|string|null)} children null is left out
 */
export function element(tag, { dataset = {}, ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  Object.assign(made.dataset, dataset)
  made.append(...children.filter(child => child !== null))
  return made
}

/** @param {string} name a symbol of icons.svg */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg')
  const use = document.createElementNS(SVG, 'use')
  svg.classList.add('icon')
  svg.setAttribute('aria-hidden', 'true')
  use.setAttribute('href', `/web/icons.svg#${name}`)
  svg.append(use)
  return svg
}

/** @returns {HTMLElement} the element with that id, which the page's HTML must have */
export const byId = id => document.getElementById(id)
