// Walks the public site as a reader would: from the national page down to the tally sheet of one polling station, in
// both languages, on a phone and on a desk, with JavaScript and without it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { simulatedElection } from './election.mjs'
import { folder, launchBrowser, openWindow, serve, tally, wholeNumbers } from './testigo.mjs'

const screens = { phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } }

let place, archive, server, browser

before(async () => {
  place = await folder()
  archive = (await simulatedElection(place.path)).archive
  server = await serve(archive)
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await server?.stop()
  await place?.remove()
})

for (const language of ['es', 'en']) {
  for (const [screen, size] of Object.entries(screens)) {
    for (const javaScript of [true, false]) {
      test(`from the total to a sheet: ${language}, ${screen}, JavaScript ${javaScript ? 'on' : 'off'}`, async () => {
        const window = await openWindow(browser, server.url, { ...size, javaScript, language })
        const { page } = window
        await page.goto(server.url)
        await chooseLanguage(page, language)
        let unit = await tally(archive)
        await showsSmallMaps(page, unit)
        for (;;) {
          await showsItself(page, unit, language, size)
          const child = unit.children.find(({ counted }) => counted > 0)
          await linkTo(page, child.code).click()
          if (child.state) {
            await showsItself(page, child, language, size)
            break
          }
          unit = await tally(archive, '--unit', `${child.level}/${child.code}`)
        }
        await showsSheetBesideNumbers(page, size)
        await backToTheTop(page, server.url, language)
        assert.deepEqual(await window.faults(), [])
        await window.close()
      })
    }
  }
}

async function chooseLanguage(page, language) {
  if ((await page.locator('html').getAttribute('lang')) !== language) {
    await page.locator(`a[hreflang="${language}"]`).first().click()
  }
}

/** A small map for each of the first four candidates with a twentieth of the votes, and none for the others. */
async function showsSmallMaps(page, { candidates }) {
  const all = candidates.reduce((sum, { votes }) => sum + votes, 0)
  const named = candidates.filter(({ votes }) => 20 * votes >= all).slice(0, 4)
  assert.equal(await page.locator('.multiples figure').count(), named.length)
}

/** The page is in the chosen language, fits the screen, and every candidate's votes are those of `tally`. */
async function showsItself(page, unit, language, { width }) {
  assert.equal(await page.locator('html').getAttribute('lang'), language, page.url())
  assert.ok((await page.getByRole('heading', { level: 1 }).innerText()).trim() !== '', page.url())
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${page.url()} is too wide`)
  const shown = wholeNumbers(await page.getByRole('main').innerText())
  for (const { id, votes } of unit.candidates) {
    assert.ok(shown.has(votes), `${page.url()} does not show the ${votes} votes of ${id}`)
  }
}

/** The link of the main part whose address ends in an official code. */
function linkTo(page, code) {
  const segment = encodeURIComponent(code)
  return page.getByRole('main').locator(`a[href$="/${segment}"], a[href$="/${segment}/"], a[href$="/${segment}.html"]`).first()
}

/** The rendition has been loaded and stands beside the table of numbers; above or below it on a narrow screen. */
async function showsSheetBesideNumbers(page, { width }) {
  const picture = page.getByRole('main').locator('img').first()
  await picture.scrollIntoViewIfNeeded()
  await picture.waitFor({ state: 'visible' })
  await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await picture.elementHandle())
  const sheet = await picture.boundingBox()
  const numbers = await page.getByRole('main').getByRole('table').first().boundingBox()
  assert.ok(sheet.width > 100 && sheet.height > 100, `the sheet is ${sheet.width} x ${sheet.height}`)
  const together = sheet.y < numbers.y + numbers.height && numbers.y < sheet.y + sheet.height
  const apart = sheet.x >= numbers.x + numbers.width || numbers.x >= sheet.x + sheet.width
  if (width > 1000) assert.ok(together && apart, `not side by side: ${JSON.stringify({ sheet, numbers })}`)
  else assert.ok(sheet.x >= 0 && sheet.x + sheet.width <= width, `the sheet leaves the screen: ${JSON.stringify(sheet)}`)
}

/** A trail of links leads from a station to the national page, in the same language. */
async function backToTheTop(page, url, language) {
  await page.getByRole('navigation').getByRole('link').first().click()
  assert.equal(await page.locator('html').getAttribute('lang'), language)
  assert.ok(page.url().startsWith(url))
  assert.equal(await page.getByRole('main').locator('img').count(), 0)
}
