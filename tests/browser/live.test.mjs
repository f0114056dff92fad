// A page that is open shows new results without being loaded again.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { simulatedElection } from './election.mjs'
import { folder, launchBrowser, openWindow, serve, tally, wholeNumbers } from './testigo.mjs'

let place, election, server, browser

before(async () => {
  place = await folder()
  election = await simulatedElection(place.path, { withhold: true })
  server = await serve(election.archive)
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  await server?.stop()
  await place?.remove()
})

test('new results appear on an open page', async () => {
  const earlier = await tally(election.archive)
  const window = await openWindow(browser, server.url, { width: 1280, height: 900 })
  await window.page.goto(server.url)
  await window.page.evaluate(() => (globalThis.neverReloaded = true))
  assert.ok(await shows(window.page, earlier))

  await election.importTheRest()
  const later = await tally(election.archive)
  assert.ok(later.valid > earlier.valid, 'the rest of the sheets adds votes')
  const deadline = Date.now() + 60_000
  while (!(await shows(window.page, later))) {
    assert.ok(Date.now() < deadline, `after a minute the page still says:\n${await said(window.page)}`)
    await window.page.waitForTimeout(200)
  }
  assert.equal(await window.page.evaluate(() => globalThis.neverReloaded), true, 'the page was loaded again')
  assert.deepEqual(await window.faults(), [])
  await window.close()
})

const said = (page) => page.getByRole('main').innerText()

async function shows(page, { candidates }) {
  const shown = wholeNumbers(await said(page))
  return candidates.every(({ votes }) => shown.has(votes))
}
