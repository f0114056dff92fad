// The visitor's browser counts a ledger again: on the live site, on a copy behind Python's web server, and from a USB stick at
// another path with the network cut. A copy that was changed, rewritten with the real key, or rolled back is noticed.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { simulatedElection } from './election.mjs'
import { cosign, ledgerKey, noteKey, rewriteHistory, serveWithPython } from './mirror.mjs'
import { folder, keys, launchBrowser, openWindow, serve, tally, testigo, wholeNumbers } from './testigo.mjs'

const run = promisify(execFile)
const checker = fileURLToPath(new URL('../../checker/testigo_check.py', import.meta.url))
const phone = { width: 390, height: 844 }
const remembered = /^a stored item: testigo-head:/

let place, election, server, python, browser, key

before(async () => {
  place = await folder()
  election = await simulatedElection(place.path, { withhold: true })
  await testigo('publish', election.archive, '--out', join(place.path, 'early'))
  await fork('one')
  await fork('two')
  await election.importTheRest()
  await testigo('publish', election.archive, '--out', join(place.path, 'copies/of/mirror'))
  key = await ledgerKey(keys)
  server = await serve(election.archive)
  python = await serveWithPython(join(place.path, 'copies'))
  browser = await launchBrowser()
})

after(async () => {
  await browser?.close()
  python?.stop()
  await server?.stop()
  await place?.remove()
})

/** A copy of the archive, with one of the key and of what it remembers: as somebody has it who wants to tell two stories. */
async function fork(name) {
  const [file] = (await readdir(keys)).filter((one) => one.endsWith('.key'))
  await cp(election.archive, join(place.path, `fork-${name}`), { recursive: true })
  for (const ending of ['', '.head']) await cp(join(keys, `${file}${ending}`), join(place.path, `fork-${name}.key${ending}`))
}

/** Takes one more sheet into such a copy, and publishes that. Gives its signed head. */
async function forkGoesOn(name, sheet, mirror) {
  const [archive, ledgerKey] = [join(place.path, `fork-${name}`), ['--ledger-key', join(place.path, `fork-${name}.key`)]]
  const sheets = join(place.path, 'source/sheets')
  await testigo('import', archive, join(sheets, (await readdir(sheets)).sort()[sheet]), ...ledgerKey)
  await testigo('read', archive, ...ledgerKey)
  await testigo('publish', archive, '--out', join(place.path, mirror), '--no-torrent', ...ledgerKey)
  const note = await readFile(join(place.path, mirror, 'ledger/checkpoint'), 'utf8')
  const [, size, root] = note.split('\n')
  return { size: Number(size), root, note }
}

/** Presses a button of the recount page and gives what it says in the end. */
async function count(page, { everything = false, key: given = '', policy = '' } = {}) {
  const part = (name) => page.locator(`[data-part="${name}"]`)
  if (given || policy) {
    await page.locator('.recount summary').click()
    await part('key').fill(given)
    await part('policy').fill(policy)
  }
  await page.locator(`button[value="${everything ? 'everything' : 'count'}"]`).click()
  await page.locator('.verdict').waitFor({ timeout: 240_000 })
  const verdict = page.locator('.verdict')
  return { kind: (await verdict.getAttribute('class')).split(' ')[1], said: await verdict.innerText(), all: await part('result').innerText() }
}

/** Follows the link in the foot of a page. */
async function toRecount(page, address, language) {
  await page.goto(address)
  if (language !== 'es') await page.locator(`a[hreflang="${language}"]`).first().click()
  await page.locator('footer a[href*="recount"]').click()
  await page.locator('[data-part="form"]').waitFor({ state: 'visible' })
}

/** Faults other than the head that the page says it remembers. */
const unexpected = async (window) => (await window.faults()).filter((fault) => !remembered.test(fault))

/** The mirror from a USB stick at a path of its own, every request to the network refused. */
async function openStick(copy, language = 'en') {
  const context = await browser.newContext({ viewport: phone, locale: language })
  const requests = []
  await context.route(/^https?:/, (route) => {
    requests.push(route.request().url())
    return route.abort()
  })
  await context.setOffline(true)
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const faults = []
  page.on('pageerror', (error) => faults.push(String(error)))
  page.on('console', (line) => line.type() === 'error' && faults.push(line.text()))
  await toRecount(page, pathToFileURL(join(copy, 'index.html')).href, language)
  await page.locator('[data-part="folder"] input').setInputFiles(copy)
  return { page, context, requests, faults }
}

const copyTo = async (name, from = 'copies/of/mirror') => {
  const copy = join(place.path, name)
  await cp(join(place.path, from), copy, { recursive: true })
  return copy
}

test('on the live site', async () => {
  const expected = await tally(election.archive)
  for (const language of ['es', 'en']) {
    const window = await openWindow(browser, server.url, { ...phone, language })
    await toRecount(window.page, server.url, language)
    const { kind, said, all } = await count(window.page, { everything: language === 'en' })
    assert.equal(kind, 'plain', all)
    assert.ok(wholeNumbers(said).has(expected.sheets.total), said)
    assert.match(said, language === 'es' ? /los mismos totales/ : /the same totals/)
    const shown = wholeNumbers(all)
    for (const { id, votes } of expected.candidates) assert.ok(shown.has(votes), `the ${votes} votes of ${id} in ${all}`)
    assert.ok((await window.page.evaluate(() => document.documentElement.scrollWidth)) <= phone.width, 'too wide')
    assert.deepEqual(await unexpected(window), [])
    await window.close()
  }
})

test('on a copy behind another web server, at another path', async () => {
  const window = await openWindow(browser, python.url, { ...phone, policies: false })
  await toRecount(window.page, `${python.url}/of/mirror/`, 'en')
  const { kind, said, all } = await count(window.page, { everything: true })
  assert.equal(kind, 'plain', all)
  assert.match(said, /the same totals/)
  assert.match(all, /the bytes that the signed manifest names/)
  assert.deepEqual(await unexpected(window), [])
  await window.close()
})

test('from a USB stick with the network cut', async () => {
  const copy = await copyTo('stick/elsewhere')
  for (const language of ['es', 'en']) {
    const { page, context, requests, faults } = await openStick(copy, language)
    const { kind, said, all } = await count(page, { everything: true })
    assert.equal(kind, 'plain', all)
    assert.match(said, language === 'es' ? /los mismos totales/ : /the same totals/)
    assert.deepEqual([requests, faults], [[], []])
    await context.close()
  }
})

test('a published total that was changed is named, with where it stands', async () => {
  const copy = await copyTo('changed')
  const path = join(copy, 'data/president/tally.json')
  const published = JSON.parse(await readFile(path, 'utf8'))
  published.candidates[0].votes += 1
  await writeFile(path, JSON.stringify(published))
  const { page, context } = await openStick(copy)
  const { kind, said, all } = await count(page)
  assert.equal(kind, 'warn')
  assert.match(said, /1 published figure differs/)
  assert.match(all, /data\/president\/tally\.json/)
  assert.match(all, /candidates\.0\.votes/)
  assert.ok(wholeNumbers(all).has(published.candidates[0].votes) && wholeNumbers(all).has(published.candidates[0].votes - 1))
  await context.close()
})

test('an entry that was changed is named', async () => {
  const copy = await copyTo('damaged')
  const { size } = (await tally(election.archive)).ledger
  const path = join(copy, `ledger/tile/entries/000.p/${size}`)
  const bundle = await readFile(path)
  bundle[bundle.indexOf('"votes":[') + 9] ^= 1
  await writeFile(path, bundle)
  const { page, context } = await openStick(copy)
  const { kind, all } = await count(page)
  assert.equal(kind, 'warn')
  assert.match(all, /not the ones that were signed[^]*entry \d+ was changed/)
  await context.close()
})

test('a history rewritten with the real key, and an older one, are refused by a browser that saw the newer', async () => {
  const copy = await copyTo('seen')
  const { page, context } = await openStick(copy)
  assert.match((await count(page)).all, /had not seen this ledger before/)
  assert.match((await count(page)).all, /The same head that this browser saw last time/)

  const aside = await copyTo('aside', 'early')
  await rename(copy, join(place.path, 'kept'))
  await rename(aside, copy)
  const again = async () => {
    await page.reload()
    await page.locator('[data-part="folder"] input').setInputFiles(copy)
    return count(page)
  }
  const older = await again()
  assert.equal(older.kind, 'warn', older.all)
  assert.match(older.said, /has \d+ entries, and this browser has already seen \d+/)

  await rename(copy, join(place.path, 'older'))
  await rename(join(place.path, 'kept'), copy)
  await rewriteHistory(copy, key, (entry) => entry.replace(/"votes":\[(\d)/, (_, digit) => `"votes":[${(Number(digit) % 9) + 1}`))
  const rewritten = await again()
  assert.equal(rewritten.kind, 'warn', rewritten.all)
  assert.match(rewritten.said, /does not begin like the one that this browser saw before/)
  assert.match(rewritten.all, /Both of these heads are signed/)
  await context.close()
})

test('two mirrors of one name and key that tell different stories, each whole in itself', async () => {
  const one = await forkGoesOn('one', 1, 'story/one')
  const two = await forkGoesOn('two', 3, 'story/two')
  assert.equal(one.size, two.size)
  assert.notEqual(one.root, two.root)
  const given = join(place.path, 'story/given')
  await testigo('receipt', 'make', join(place.path, 'fork-two'), '3', '--out', given)
  const later = await forkGoesOn('two', 5, 'story/later')
  assert.ok(later.size > two.size)
  const show = async (page, story, { keep = false } = {}) => {
    const copy = join(place.path, 'shown')
    await rm(copy, { recursive: true, force: true })
    await cp(join(place.path, 'story', story), copy, { recursive: true })
    if (!keep) await page.reload()
    await page.locator('[data-part="folder"] input').setInputFiles(copy)
    return count(page, { everything: true })
  }
  await cp(join(place.path, 'story/one'), join(place.path, 'shown'), { recursive: true })
  // Whoever sees only one of them finds nothing wrong, and follows it.
  const fresh = await openStick(join(place.path, 'shown'))
  assert.equal((await show(fresh.page, 'two')).kind, 'plain')
  assert.match((await show(fresh.page, 'later')).all, /The ledger continues the one that this browser saw last time/)
  await fresh.context.close()

  const { page, context } = await openStick(join(place.path, 'shown'))
  assert.match((await show(page, 'one')).all, /had not seen this ledger before/)
  for (const [story, head] of [['two', two], ['later', later]]) {
    const { kind, said, all } = await show(page, story)
    assert.equal(kind, 'warn', all)
    assert.match(said, new RegExp(`does not begin like the one that this browser saw before: among its first ${one.size} entries`))
    const evidence = await page.locator('[data-part="result"] pre').allTextContents()
    assert.deepEqual(evidence, [one.note, head.note])
  }
  // A receipt of the other story, for an entry that both have, is right in itself: its head alone gives it away.
  const other = /3\.tlog-proof is of another history/
  await page.locator('[data-part="receipts"]').setInputFiles(join(given, '3.tlog-proof'))
  assert.match((await show(page, 'one', { keep: true })).all, other)
  const words = [checker, join(place.path, 'story/one'), '--receipt', join(given, '3.tlog-proof')]
  await assert.rejects(run('python3', words), ({ code, stdout }) => code === 1 && other.test(stdout))
  // What was refused is not remembered in place of what was seen.
  assert.match((await show(page, 'one')).all, /The same head that this browser saw last time/)
  await context.close()
})

test('a receipt is held against the ledger, and gives away one that was rewritten since', async () => {
  const copy = await copyTo('receipts/mirror')
  const folder = join(place.path, 'receipts/given')
  await testigo('receipt', 'make', join(place.path, 'early'), '3', '--out', folder)
  const receipt = join(folder, '3.tlog-proof')
  const { page, context } = await openStick(copy)
  const choose = (files) => page.locator('[data-part="receipts"]').setInputFiles(files)
  await choose(receipt)
  const held = await count(page)
  assert.equal(held.kind, 'plain', held.all)
  assert.match(held.all, /3\.tlog-proof holds: entry 3 is in the ledger, under a head of \d+ entries that this ledger still has/)

  const changed = join(folder, 'changed.tlog-proof')
  await writeFile(changed, (await readFile(receipt, 'utf8')).replace('index 3\n', 'index 4\n'))
  await choose([receipt, changed])
  const refused = await count(page)
  assert.equal(refused.kind, 'warn', refused.all)
  assert.match(refused.said, /1 receipt does not hold/)
  assert.match(refused.all, /changed\.tlog-proof: it does not lead from entry 4 to the root/)
  assert.match(refused.all, /3\.tlog-proof holds/)
  await context.close()

  const rewritten = await copyTo('receipts/rewritten')
  await rewriteHistory(rewritten, key, (entry) => entry.replace(/"votes":\[(\d)/, (_, digit) => `"votes":[${(Number(digit) % 9) + 1}`))
  const other = await openStick(rewritten)
  await other.page.locator('[data-part="receipts"]').setInputFiles(receipt)
  const { kind, all } = await count(other.page)
  assert.equal(kind, 'warn', all)
  assert.match(all, /3\.tlog-proof (is of another history|: it does not lead)/)
  await other.context.close()
})

test('only witnesses that the visitor believes make it good', async () => {
  const copy = await copyTo('witnessed')
  const [one, two] = ['one', 'two'].map((name, at) => noteKey(`${name}.example`, Buffer.alloc(32, at + 1), 4))
  const policy = `witness one ${one.text}\nwitness two ${two.text}\ngroup both all one two\nquorum both\n`
  const ask = async (text) => {
    const { page, context } = await openStick(copy)
    const answer = await count(page, { policy: text, key: key.text })
    await context.close()
    return answer
  }
  assert.equal((await ask('')).kind, 'plain')
  assert.match((await ask(policy)).all, /no witness of your policy has countersigned/)
  await cosign(copy, one, 1_935_000_000)
  const short = await ask(policy)
  assert.equal(short.kind, 'plain')
  assert.match(short.all, /asks for more witnesses[^]*one/)
  await cosign(copy, two, 1_935_000_060)
  const witnessed = await ask(policy)
  assert.equal(witnessed.kind, 'good', witnessed.all)
  assert.match(witnessed.all, /Witnessed as your policy asks for, by: one, two/)
  assert.match((await ask('quorum nobody\n')).all, /policy/)
})

test('another key than the visitor has from elsewhere', async () => {
  const copy = await copyTo('other-key')
  const { page, context } = await openStick(copy)
  const stranger = noteKey(key.text.split('+')[0], Buffer.alloc(32, 9))
  const { kind, all } = await count(page, { key: stranger.text })
  assert.equal(kind, 'warn')
  assert.match(all, /not signed as it should be[^]*not signed by/)
  await context.close()
})
