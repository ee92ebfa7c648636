/** Bar charts, drawn as SVG; their colours are the style sheet's. */

const SVG = 'http://www.w3.org/2000/svg'
const HEIGHT = 100

/**
 * @param {number[]} values
 * @param {{label: string, titles?: string[], gap?: number}} how label: what a screen reader says; titles: shown where a bar
 *   is pointed at; gap: between the bars, as a part of their width
 * @returns {SVGElement} as wide and high as the style sheet says; a `rect` for each value, in their order
 */
export function barChart(values, { label, titles = [], gap = 0 }) {
  const most = Math.max(1, ...values)
  const chart = make('svg', {
    class: 'chart', role: 'img', 'aria-label': label, viewBox: `0 0 ${values.length} ${HEIGHT}`, preserveAspectRatio: 'none',
  })
  chart.append(...values.map((value, index) => {
    const height = value / most * HEIGHT
    const bar = make('rect', { x: index + gap / 2, y: HEIGHT - height, width: 1 - gap, height })
    if (titles[index]) bar.append(Object.assign(make('title'), { textContent: titles[index] }))
    return bar
  }))
  return chart
}

function make(name, attributes = {}) {
  const made = document.createElementNS(SVG, name)
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value)
  return made
}
