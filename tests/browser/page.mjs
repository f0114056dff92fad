// What every page is held to: that it is accessible, and what it weighs.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { gzipSync } from 'node:zlib'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

/** What axe-core finds wrong on a page that is open, in words that begin with what kind of page it is. */
export async function violationsOf(page, type) {
  await page.evaluate(axe)
  const { violations } = await page.evaluate((runOnly) => axe.run(document, { runOnly }), rules)
  return violations.map(({ id, nodes }) => `${type}: ${id}: ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)).join(' | ')}`)
}

/** Opens an address; the bytes that it loads, compressed, pictures of sheets aside. */
export async function weightOf(page, address) {
  const bodies = []
  const weigh = (response) => {
    if (!/\/(renditions\/|live$|assets\/icon\.)/.test(new URL(response.url()).pathname)) bodies.push(response.body())
  }
  page.on('response', weigh)
  await page.goto(address, { waitUntil: 'load' })
  page.off('response', weigh)
  return (await Promise.all(bodies)).reduce((sum, body) => sum + gzipSync(body).length, 0)
}
