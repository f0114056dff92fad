// A language that the program does not have, written from right to left: one more file in a pack, and no other change.

import assert from 'node:assert/strict'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { folder, launchBrowser, openWindow, serve, testigo } from './testigo.mjs'

const packs = new URL('../../packs/', import.meta.url).pathname
const output = new URL('../../test-output/', import.meta.url).pathname

let place, server, browser

before(async () => {
  place = await folder()
  const pack = join(place.path, 'pack')
  await cp(join(packs, 'demo'), pack, { recursive: true })
  // The made-up language: English with its letters turned round, and digits grouped in its own way.
  for (const name of ['pack.toml', 'election.toml']) {
    const text = await readFile(join(pack, name), 'utf8')
    const added = text.replace('languages = ["es", "en"]', 'languages = ["es", "en", "qxr"]')
    await writeFile(join(pack, name), added.replace(/en = "([^"]*)"/g, (whole, words) => `${whole}, qxr = "${turned(words)}"`))
  }
  const english = await readFile(join(packs, 'languages', 'en.toml'), 'utf8')
  const [head, ...rest] = english.split('\n[number]')
  const form = head.replace('code = "en"', 'code = "qxr"').replace('direction = "ltr"', 'direction = "rtl"')
    .replace('name = "English"', `name = "${turned('Made up')}"`).replace('group = ","', 'group = "٬"')
  const texts = `\n[number]${rest.join('\n[number]')}`.replace(/= "([^"]*)"/g, (whole, words) => `= "${turned(words)}"`)
  await mkdir(join(pack, 'languages'))
  await writeFile(join(pack, 'languages', 'qxr.toml'), form + texts)
  const source = join(place.path, 'source')
  const archive = join(place.path, 'archive')
  await testigo('simulate', source, '--pack', pack, '--seed', '7', '--stations', '60')
  await testigo('init', archive, '--pack', pack, '--register', join(source, 'register.csv'))
  await testigo('map', archive, join(source, 'boundaries.geojson'))
  await testigo('import', archive, join(source, 'sheets'))
  await testigo('read', archive)
  server = await serve(archive)
  browser = await launchBrowser()
  await mkdir(output, { recursive: true })
})

after(async () => {
  await browser?.close()
  await server?.stop()
  await place?.remove()
})

/** The words of a text in Hebrew letters, its places `{like this}` kept. */
function turned(text) {
  const letters = 'אבגדהוזחטיכלמנסעפצקרשת'
  return text.split(/(\{[^}]*\}|\\u00A0|\\.)/).map((part) =>
    /^[{\\]/.test(part) ? part : part.replace(/[A-Za-z]/g, (letter) => letters[letter.toLowerCase().charCodeAt(0) % letters.length])).join('')
}

for (const [screen, size] of Object.entries({ phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } })) {
  test(`a page from right to left: ${screen}`, async () => {
    const window = await openWindow(browser, server.url, { ...size, language: 'he' })
    const { page } = window
    for (const [type, path] of Object.entries({ home: '/qxr', search: '/qxr/search', data: '/qxr/data' })) {
      await page.goto(server.url + path)
      assert.equal(await page.locator('html').getAttribute('dir'), 'rtl')
      assert.equal(await page.locator('html').getAttribute('lang'), 'qxr')
      const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth])
      assert.ok(inner <= outer, `${path} is ${inner} wide on a screen of ${outer}`)
      await page.screenshot({ path: join(output, `right-to-left-${type}-${screen}.png`), fullPage: true })
    }
    await page.goto(`${server.url}/qxr`)
    const text = await page.getByRole('main').innerText()
    assert.match(text, /\d٬\d{3}/, 'numbers are grouped as the language has it')
    assert.ok(!/\b(leads|counted|Votes)\b/.test(text), 'a text of another language is left')
    // Bars grow from the right, and the first column of the table stands on the right.
    const name = await page.locator('.result tbody th').first().boundingBox()
    const number = await page.locator('.result tbody td.n').first().boundingBox()
    assert.ok(name.x > number.x, 'the names stand right of the numbers')
    const bar = await page.locator('.result tbody .bar rect').first().boundingBox()
    const room = await page.locator('.result tbody td.b').first().boundingBox()
    assert.ok(Math.abs(bar.x + bar.width - (room.x + room.width)) < 2, 'the bar begins at the right')
    assert.deepEqual(await window.faults(), [])
    await window.close()
  })
}
