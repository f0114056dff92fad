// How long a browser takes to count a large election again, on one core.
//
//     npm ci --prefix tests/browser && node bench/browser_recount.mjs [STATIONS] [OTHER.js]
//
// Makes up a ledger with a sheet and a reading for each station (30,000 unless told otherwise), serves it from this machine, and
// lets Chromium run the script of the recount page over it, five times; in turn with another version of the script, where one is
// given. The tree, the fold and the sums are done in full; published totals are left out, as there are none. Beside the time until
// the answer stands the processor time of the page's own thread, which other programs at work change little.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const { chromium } = createRequire(here('../tests/browser/package.json'))('playwright-core')

const stations = Number(process.argv[2] ?? 30_000)
const origin = 'example.org/bench'
const folder = mkdtempSync(join(tmpdir(), 'testigo-bench-'))
if (!process.env.KEEP) process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest()
const keep = (path, data) => {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), data)
}
const document = (text) => {
  const hash = sha256(text).toString('hex')
  keep(`documents/${hash}`, text)
  return hash
}
const canonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object') return JSON.stringify(value)
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`
}

const letters = [...'ABCDEFGHIJ']
const register = ['station,registered,region,region_name,town,town_name']
for (let at = 0; at < stations; at++) register.push(`s${at},900,r${at % 24},Region ${at % 24},t${at % 480},Town ${at % 480}`)
const entries = [{
  type: 'election', v: 1, origin, readers: { qr: '1' }, register_origin: 'list',
  counting: { people: 2, qr_from_custody: true, signatures: 1, single_published: false },
  definition: document(`id = "bench"\ntitle = "Bench"\ndate = "2031-05-04"\nplace = "Freedonia"\n[[contest]]\nid = "president"\ntitle = "President"\ncandidates = [${letters.map((id) => `{ id = "${id}", name = "${id}" }`)}]\nothers = [{ id = "null", title = "Null" }]\n`),
  pack: document('format = 1\nlanguages = ["en"]\n' + ['region', 'town', 'table'].map((id) => `[[level]]\nid = "${id}"\nname = "${id}"\nplural = "${id}s"\n`).join('')),
  register: document(`${register.join('\n')}\n`),
}]
for (let first = 0; first < stations; first += 100) {
  const batch = Array.from({ length: Math.min(100, stations - first) }, (_, at) => sha256(`commitment ${first + at}`).toString('hex'))
  const intake = entries.push({ type: 'intake', v: 1, source: 'custody', time: 1_935_000_000, commitments: batch }) - 1
  batch.forEach((commitment, at) => {
    const page = { commitment, height: 3000, width: 700, masked: [[0, 2000, 700, 2400]], media: 'jpg', rendition: sha256(commitment).toString('hex') }
    const sheet = entries.push({ type: 'sheet', v: 1, intake, pages: [page] }) - 1
    const votes = letters.map((_, who) => (first + at + 7 * who) % 40)
    const valid = votes.reduce((sum, one) => sum + one)
    entries.push({
      type: 'reading', v: 1, contest: 'president', detail: 'candidate', reader: 'qr', sheet, station: `s${first + at}`, step: 'plain',
      votes, other: { null: 3 }, stated: { cast: valid + 3, valid },
    })
  })
}
const bytes = entries.map((entry) => Buffer.from(canonical(entry)))
for (let first = 0; first < bytes.length; first += 256) {
  const part = bytes.slice(first, first + 256)
  const number = String(first / 256).padStart(3, '0')
  keep(`ledger/tile/entries/${number}${part.length < 256 ? `.p/${part.length}` : ''}`, Buffer.concat(part.flatMap((one) => [Buffer.from([one.length >> 8, one.length & 255]), one])))
}
const root = (leaves) => {
  if (leaves.length === 1) return leaves[0]
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha256([1], root(leaves.slice(0, split)), root(leaves.slice(split)))
}
const key = createPrivateKey({ key: Buffer.from(`302e020100300506032b657004220420${'07'.repeat(32)}`, 'hex'), format: 'der', type: 'pkcs8' })
const data = Buffer.concat([Buffer.from([1]), createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)])
const id = sha256(`${origin}\n`, data).subarray(0, 4)
const head = `${origin}\n${bytes.length}\n${root(bytes.map((one) => sha256([0], one))).toString('base64')}\n`
keep('ledger/checkpoint', `${head}\n\u2014 ${origin} ${Buffer.concat([id, sign(null, Buffer.from(head), key)]).toString('base64')}\n`)
keep('ledger/key', `${origin}+${id.toString('hex')}+${data.toString('base64')}\n`)

const own = here('../crates/site/assets/recount.js')
const scripts = [own, process.argv[3] ?? []].flat()
const server = createServer((request, answer) => {
  const path = decodeURIComponent(new URL(request.url, 'http://x').pathname)
  const [, script] = /^\/([0-9])\.(?:html|js)$/.exec(path) ?? []
  try {
    if (path.endsWith('.html')) answer.setHeader('content-type', 'text/html').end(`<!doctype html><script src="/${script}.js"></script>`)
    else if (script) answer.setHeader('content-type', 'text/javascript').end(readFileSync(scripts[script]))
    else answer.end(readFileSync(join(folder, path)))
  } catch {
    answer.writeHead(404).end()
  }
}).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
const url = `http://127.0.0.1:${server.address().port}/`
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] })
console.log(`${bytes.length.toLocaleString('en')} entries, ${(bytes.reduce((sum, one) => sum + one.length, 0) / 1e6).toFixed(1)} MB, ${stations.toLocaleString('en')} stations`)

/** A page with a script, and what tells the processor time of its thread in seconds. */
const open = async (at) => {
  const page = await browser.newPage()
  await page.goto(`${url}${at}.html`)
  const session = await page.context().newCDPSession(page)
  await session.send('Performance.enable', { timeDomain: 'threadTicks' })
  const busy = async () => (await session.send('Performance.getMetrics')).metrics.find(({ name }) => name === 'TaskDuration').value
  return { page, busy, name: scripts[at] === own ? 'this version' : scripts[at], all: [] }
}

const pages = []
for (const at of scripts.keys()) pages.push(await open(at))
for (let run = 0; run < 5; run++) {
  for (const { page, busy, name, all } of pages) {
    const before = await busy()
    const found = await page.evaluate(async () => {
      const began = performance.now()
      const reached = {}
      const progress = (step) => (reached[step] ??= performance.now() - began)
      const { count } = await testigoRecount.recount(testigoRecount.overHttp(new URL('/', location.href)), { progress })
      const [contest] = count.ledger.election.contests
      return { seconds: (performance.now() - began) / 1000, reached, counted: count.tally(contest, '', '', { children: false }).stations.counted }
    })
    if (found.counted !== stations) throw new Error(`${found.counted} stations were counted`)
    const [spent, reached] = [(await busy()) - before, Object.entries(found.reached)]
    all.push({ seconds: found.seconds, spent })
    const steps = reached.map(([step, at]) => `${step} from ${(at / 1000).toFixed(2)}`).join(', ')
    console.log(`${name}: ${found.seconds.toFixed(2)} s, of the processor ${spent.toFixed(2)} s (${steps})`)
  }
}
const median = (numbers) => numbers.sort((one, other) => one - other)[Math.floor(numbers.length / 2)].toFixed(2)
for (const { name, all } of pages) {
  console.log(`${name}: median ${median(all.map(({ seconds }) => seconds))} s, of the processor ${median(all.map(({ spent }) => spent))} s`)
}
await browser.close()
server.close()
