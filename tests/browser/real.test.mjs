// A real national election in the browser: 24,532 stations of a published results file, real scans, the proclaimed figures. Pages must
// stay light, accessible and quick to find one's way in with a whole country in them, too. Skipped where the data is absent.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { violationsOf, weightOf } from './page.mjs'
import { folder, launchBrowser, openWindow, serve, tally, testigo } from './testigo.mjs'

const data = new URL('../../../shared/data/ve2024/', import.meta.url).pathname
const output = new URL('../../test-output/', import.meta.url).pathname
const skip = existsSync(data) ? false : 'the real election data is absent'
const unpack = 'import lzma, sys; sys.stdout.buffer.write(lzma.open(sys.argv[1]).read())'
const kB = 1000
const limits = { home: 100 * kB, map: 100 * kB, other: 50 * kB }

let place, archive, server, browser, station, types

before(async () => {
  if (skip) return
  place = await folder()
  archive = join(place.path, 'archive')
  const results = join(place.path, 'results.csv')
  const packed = join(data, 'RESULTADOS_2024_CSV_V1.csv.xz')
  const { stdout } = await promisify(execFile)('python3', ['-c', unpack, packed], { encoding: 'buffer', maxBuffer: 64 << 20 })
  await writeFile(results, stdout)
  await testigo('init', archive, '--pack', 've-2024', '--register', results)
  await testigo('import', archive, results, '--format', 'convzla')
  const pictures = (await readdir(join(data, 'images'))).filter((name) => name.includes('Acta')).sort().slice(0, 4)
  await testigo('import', archive, ...pictures.map((name) => join(data, 'images', name)))
  await testigo('read', archive)
  await testigo('official', archive, join(data, 'OFFICIAL.json'))
  server = await serve(archive)
  browser = await launchBrowser()
  await mkdir(output, { recursive: true })
  const readings = (await (await fetch(`${server.url}/data/president/readings.csv`)).text()).split('\n').map((line) => line.split(','))
  const [at, by] = ['station', 'reader'].map((name) => readings[0].indexOf(name))
  station = readings.find((reading) => reading[by] === 'qr')[at]
  const [region] = (await tally(archive)).children
  const { children: [municipality] } = await tally(archive, '--unit', `state/${region.code}`)
  const { children: [parish] } = await tally(archive, '--unit', `municipality/${municipality.code}`)
  types = {
    home: '/',
    unit: `/state/${region.code}`,
    municipality: `/municipality/${municipality.code}`,
    parish: `/parish/${parish.code}`,
    station: `/table/${station}`,
    map: '/map/municipality/lead',
    list: '/stations/counted',
    search: '/search?q=tigre',
    data: '/data',
    compare: '/compare',
    analysis: '/analysis',
  }
})

after(async () => {
  await browser?.close()
  await server?.stop()
  await place?.remove()
})

for (const [screen, size] of Object.entries({ phone: { width: 390, height: 844 }, desk: { width: 1280, height: 900 } })) {
  test(`a whole country: ${screen}`, { skip }, async () => {
    const window = await openWindow(browser, server.url, { ...size, language: 'es' })
    const { page } = window
    const found = []
    for (const [type, path] of Object.entries(types)) {
      const weight = await weightOf(page, server.url + path)
      const limit = limits[type] ?? limits.other
      console.log(`weight of ${type.padEnd(12)} ${(weight / kB).toFixed(1).padStart(6)} kB compressed, limit ${limit / kB} kB, a whole country`)
      if (weight > limit) found.push(`${type} weighs ${weight} bytes`)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > size.width) found.push(`${path} is ${width} wide on a screen of ${size.width}`)
      found.push(...(await violationsOf(page, type)))
      await page.screenshot({ path: join(output, `country-${type}-${screen}.png`), fullPage: true })
    }
    assert.deepEqual(found, [])
    assert.deepEqual(await window.faults(), [])
    await window.close()
  })
}

// The results file names no polling places, only parishes; a voter's place has the code that is on the sheet.
test('the sheet of a polling place of a whole country in three steps', { skip }, async () => {
  const [centre] = station.split('.')
  const window = await openWindow(browser, server.url, { width: 390, height: 844, language: 'es' })
  const { page } = window
  await page.goto(server.url)
  // One: the place's code. Two: the place. Three: the table.
  await page.locator('header input[type=search]').fill(centre)
  await page.locator('.suggest a', { hasText: centre }).first().click()
  await page.getByRole('heading', { level: 1 }).filter({ hasText: centre }).waitFor()
  await page.getByRole('main').getByRole('link', { name: station, exact: true }).first().click()
  const sheet = page.getByRole('main').locator('img').first()
  await sheet.scrollIntoViewIfNeeded()
  await page.waitForFunction((image) => image.complete && image.naturalWidth > 0, await sheet.elementHandle())
  assert.deepEqual(await window.faults(), [])
  await window.close()
})
