// Every type of page, in both languages, on a phone and on a desk, with JavaScript and without it, from the server and
// from a static mirror: fits the screen, is accessible by axe-core, weighs less than its limit. A picture of each is left
// in test-output/ for a person to look at, and the weights are printed.

import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { simulatedElection } from './election.mjs'
import { serveWithPython } from './mirror.mjs'
import { violationsOf, weightOf } from './page.mjs'
import { folder, launchBrowser, openWindow, serve, tally, testigo } from './testigo.mjs'

const screens = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } }
const output = new URL('../../test-output/', import.meta.url).pathname
const kB = 1000

// What is not there is answered so, and the frame for other sites may be framed.
const expected = /nothing-here|status of 404|widget has a loose policy: [^*]*frame-ancestors \*$/

// What a first visit loads, compressed, pictures of sheets aside.
const limits = { home: 100 * kB, map: 100 * kB, difference: 100 * kB, recount: 100 * kB, other: 50 * kB }

let place, archive, server, mirror, browser, types

before(async () => {
  place = await folder()
  archive = (await simulatedElection(place.path)).archive
  await testigo('map', archive, join(place.path, 'source', 'boundaries.geojson'))
  await proclaimAndAudit()
  server = await serve(archive)
  const site = join(place.path, 'mirror')
  await testigo('publish', archive, '--out', site)
  mirror = await serveWithPython(site)
  browser = await launchBrowser()
  await mkdir(output, { recursive: true })
  const whole = await tally(archive)
  const region = whole.children.find(({ counted }) => counted > 0)
  let lowest = await tally(archive, '--unit', `${region.level}/${region.code}`)
  while (!lowest.children[0].state) {
    const child = lowest.children.find(({ counted }) => counted > 0)
    lowest = await tally(archive, '--unit', `${child.level}/${child.code}`)
  }
  const station = lowest.children.find(({ state }) => state === 'counted')
  types = {
    home: '/',
    'second-contest': '/c/water',
    unit: `/${region.level}/${region.code}`,
    place: `/${lowest.unit.level}/${lowest.unit.code}`,
    station: `/table/${station.code}`,
    list: '/stations/awaited',
    map: '/map/parish/turnout',
    difference: '/map/region/difference',
    sheets: '/sheets',
    search: '/search',
    data: '/data',
    method: '/method',
    analysis: '/analysis',
    compare: '/compare',
    audit: '/audit',
    recount: '/recount',
    widget: '/widget',
    missing: '/nothing-here',
  }
})

after(async () => {
  await browser?.close()
  mirror?.stop()
  await server?.stop()
  await place?.remove()
})

/** Proclaimed figures that cannot be right together with the sheets, and an audit with every kind of record. */
async function proclaimAndAudit() {
  const bulletin = { number: 1, announced: '2030-05-20', coverage: 99, votes: { MV: 1, TO: 90000 }, valid: 90001, cast: 90100 }
  const file = join(place.path, 'proclaimed.json')
  await writeFile(file, JSON.stringify({ bulletins: [bulletin] }))
  await testigo('official', archive, file)
  const { children } = await tally(archive)
  const rows = children.filter(({ counted }) => counted > 0).map(({ code, candidates }) =>
    `2,region,${code},${candidates.map(({ votes }, at) => (at === 1 ? 2 * votes + 1 : votes)).join()}`)
  const table = join(place.path, 'by-region.csv')
  await writeFile(table, `bulletin,level,unit,${children[0].candidates.map(({ id }) => id).join()}\n${rows.join('\n')}\n`)
  await testigo('official', archive, table, '--announced', '2030-05-22')
  await testigo('audit', archive, 'draw')
  const { drawn } = JSON.parse(await testigo('audit', archive, 'draw', '--seed', '314159', '--format', 'json'))
  for (const station of drawn.slice(0, 4)) await testigo('audit', archive, 'record', station, '--against', 'archive', '--same')
  const { candidates } = await tally(archive)
  const votes = candidates.map(({ id }, at) => `${id}=${at}`).join()
  await testigo('audit', archive, 'record', drawn[0], '--against', 'paper', '--votes', votes)
  await testigo('audit', archive, 'record', drawn[1], '--against', 'paper', '--missing')
}

const addressOf = (language, path) => (language === 'es' ? path : `/en${path === '/' ? '' : path}`)

// Python's server shows a folder's index.html under the address that the live site has. It answers what is not there in
// its own words.
const kinds = {
  'the server': { url: () => server.url, at: addressOf, types: () => Object.entries(types), suffix: '', policies: true },
  'a static mirror': {
    url: () => mirror.url,
    at: (language, path) => `${addressOf(language, path).replace(/\/$/, '')}/index.html`,
    types: () => Object.entries(types).filter(([type]) => type !== 'missing'),
    suffix: '-mirror',
    policies: false,
  },
}

for (const [kind, { url, at, types, suffix, policies }] of Object.entries(kinds)) {
  for (const language of ['es', 'en']) {
    for (const [screen, size] of Object.entries(screens)) {
      for (const javaScript of [true, false]) {
        test(`every type of page from ${kind}: ${language}, ${screen}, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
          const window = await openWindow(browser, url(), { ...size, javaScript, language, policies })
          const { page } = window
          const violations = []
          for (const [type, path] of types()) {
            await page.goto(url() + at(language, path))
            assert.equal(await page.locator('html').getAttribute('lang'), language, path)
            const width = await page.evaluate(() => document.documentElement.scrollWidth)
            assert.ok(width <= size.width, `${path} is ${width} wide on a screen of ${size.width}`)
            if (javaScript) violations.push(...(await violationsOf(page, type)))
            const name = `${type}-${language}-${screen}${javaScript ? '' : '-without-script'}${suffix}.png`
            await page.screenshot({ path: join(output, name), fullPage: true })
          }
          assert.deepEqual(violations, [])
          const faults = (await window.faults()).filter((fault) => !expected.test(fault))
          assert.deepEqual(faults, [])
          await window.close()
        })
      }
    }
  }
}

test('the map of the difference says both shares of each place', async () => {
  const context = await browser.newContext({ viewport: screens.phone, javaScriptEnabled: false })
  const page = await context.newPage()
  await page.goto(server.url + addressOf('en', types.difference))
  const percent = (votes, all) => ((100 * votes) / all).toFixed(2)
  const { children } = await tally(archive)
  for (const { code, counted, candidates } of children.filter(({ counted }) => counted > 0)) {
    const row = await page.getByRole('row').filter({ has: page.locator('.code', { hasText: code }) }).innerText()
    const all = candidates.reduce((sum, { votes }) => sum + votes, 0)
    const added = candidates[1].votes + 1
    // What one candidate gained the others lost together, so that this one's shares are farthest apart.
    assert.ok(row.includes(percent(candidates[1].votes, all)), `${counted} counted: ${row}`)
    assert.ok(row.includes(percent(candidates[1].votes + added, all + added)), row)
  }
  await context.close()
})

test('dark pages are accessible, too', async () => {
  const context = await browser.newContext({ viewport: screens.desk, colorScheme: 'dark' })
  const page = await context.newPage()
  const violations = []
  for (const [type, path] of Object.entries(types)) {
    await page.goto(server.url + addressOf('en', path))
    violations.push(...(await violationsOf(page, type)))
    await page.screenshot({ path: join(output, `${type}-en-desk-dark.png`), fullPage: true })
  }
  assert.deepEqual(violations, [])
  await context.close()
})

for (const [kind, { url, at, types }] of Object.entries(kinds)) {
  test(`pages from ${kind} are light`, async () => {
    const context = await browser.newContext({ viewport: screens.phone })
    const weights = []
    for (const [type, path] of types()) {
      const page = await context.newPage()
      const weight = await weightOf(page, url() + at('es', path))
      weights.push([type, weight, limits[type] ?? limits.other])
      await page.close()
    }
    await context.close()
    for (const [type, weight, limit] of weights) {
      console.log(`weight of ${type.padEnd(15)} ${(weight / kB).toFixed(1).padStart(6)} kB compressed, limit ${limit / kB} kB, from ${kind}`)
    }
    for (const [type, weight, limit] of weights) assert.ok(weight <= limit, `${type} weighs ${weight} bytes`)
  })
}

for (const [kind, { url: urlOf, at }] of Object.entries(kinds)) {
  test(`the sheet of a named polling place in three steps, from ${kind}`, async () => {
    const named = await tally(archive)
    let unit = named
    while (!unit.children[0].state) {
      const child = unit.children.find(({ counted }) => counted > 0)
      unit = await tally(archive, '--unit', `${child.level}/${child.code}`)
    }
    const context = await browser.newContext({ viewport: screens.phone, locale: 'en' })
    const page = await context.newPage()
    const failed = []
    page.on('weberror', (fault) => failed.push(String(fault.error())))
    await page.goto(urlOf() + at('en', '/'))
    // One: some words of its name. Two: the place. Three: a station of it.
    await page.locator('header input[type=search]').fill(unit.unit.name.toLowerCase())
    await page.locator('.suggest a', { hasText: unit.unit.name }).first().click()
    await page.getByRole('heading', { level: 1, name: unit.unit.name }).waitFor()
    const station = unit.children.find(({ state }) => state === 'counted')
    await page.getByRole('main').getByRole('link', { name: station.code, exact: true }).first().click()
    const sheet = page.getByRole('main').locator('img').first()
    await sheet.waitFor({ state: 'visible' })
    await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await sheet.elementHandle())
    assert.deepEqual(failed, [])
    await context.close()
  })

  for (const javaScript of [true, false]) {
    test(`a number and its place on the sheet lead to each other, from ${kind}, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
      const context = await browser.newContext({ viewport: screens.phone, javaScriptEnabled: javaScript })
      const page = await context.newPage()
      await page.goto(urlOf() + at('en', types.station))
      const numbers = await page.locator('a.figure').all()
      const { candidates } = await tally(archive)
      assert.ok(numbers.length > candidates.length, `${numbers.length} numbers lead to the sheet`)
      const names = new Set()
      for (const number of numbers) {
        await number.click()
        const target = new URL(page.url()).hash.slice(1)
        assert.ok(!names.has(target), `two numbers lead to ${target}`)
        names.add(target)
        const place = page.locator(`[id="${target}"]`)
        assert.ok(await isInView(place), `${target} is not in view`)
        // And back, to the row with this very number.
        const back = (await place.locator('xpath=..').getAttribute('href')).slice(1)
        await page.goto(`${page.url().split('#')[0]}#${back}`)
        const row = page.locator(`tr[id="${back}"]`)
        assert.ok(await isInView(row), `${back} is not in view`)
        assert.equal(await row.locator('a.figure').getAttribute('href'), `#${target}`)
      }
      await context.close()
    })
  }

  test(`search, map and tables work from ${kind}`, async () => {
    const context = await browser.newContext({ viewport: screens.desk, locale: 'en' })
    const page = await context.newPage()
    await page.goto(`${urlOf()}${at('en', '/search')}?q=01`)
    await page.locator('#hits a').first().waitFor()
    // The map: closer by a key, what a place says under the focus, and the way there.
    await page.goto(urlOf() + at('en', '/'))
    const picture = page.locator('[data-map] svg').first()
    const whole = await picture.getAttribute('viewBox')
    await picture.locator('a').nth(1).focus()
    const said = await picture.locator('a').nth(1).getAttribute('aria-label')
    assert.equal(await page.locator('.hint').first().innerText(), said)
    await page.keyboard.press('+')
    assert.notEqual(await picture.getAttribute('viewBox'), whole)
    await page.keyboard.press('0')
    assert.equal(await picture.getAttribute('viewBox'), whole)
    // Tables sort by each column.
    const codes = () => page.locator('table[data-sort] tbody th a').allInnerTexts()
    const before = await codes()
    // The number itself counts, not what is noted behind it, such as how many are disputed.
    const cells = page.locator('table[data-sort] tbody td:nth-child(2)')
    const numbers = () => cells.evaluateAll((all) => all.map((one) => Number(one.firstChild.textContent.replace(/\D/g, ''))))
    await cells.evaluateAll((all) => all.forEach((one, at) => one.append(` ${10 ** at}`)))
    await page.locator('table[data-sort] thead button').nth(1).click()
    const after = await codes()
    assert.deepEqual([...after].sort(), [...before].sort())
    assert.deepEqual(await numbers(), (await numbers()).sort((one, other) => other - one))
    await picture.locator('a').nth(1).focus()
    await page.keyboard.press('Enter')
    await page.locator('nav.trail').waitFor()
    await context.close()
  })
}

/** Whether the middle of an element can be seen, inside whatever scrolls it. */
async function isInView(locator) {
  const box = await locator.boundingBox()
  const [x, y] = [box.x + box.width / 2, box.y + Math.min(box.height / 2, 60)]
  const handle = await locator.elementHandle()
  const frame = await handle.evaluate((element) => {
    const { left, top, right, bottom } = (element.closest('.scan') ?? document.documentElement).getBoundingClientRect()
    return { left, right, top: Math.max(top, 0), bottom: Math.min(bottom, innerHeight) }
  })
  return x > frame.left && x < frame.right && y > frame.top && y < frame.bottom
}
