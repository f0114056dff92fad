// A mirror of which every kind of file is changed, once each, before the two verifiers that share no code with the program: the
// script of the recount page and the checker in Python. Each must refuse it, and say why.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { simulatedElection } from './election.mjs'
import { cosign, ledgerKey, noteKey, rewriteHistory } from './mirror.mjs'
import { folder, keys, testigo } from './testigo.mjs'

const run = promisify(execFile)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))
const witness = noteKey('witness.example', Buffer.alloc(32, 9), 4)

let place, site, kept, key, size

before(async () => {
  place = await folder()
  const { archive } = await simulatedElection(place.path)
  await cosign(archive, witness, 1_935_000_000)
  site = join(place.path, 'site')
  kept = join(place.path, 'kept')
  await testigo('publish', archive, '--out', kept)
  key = await ledgerKey(keys)
  size = (await readFile(join(kept, 'ledger/checkpoint'), 'utf8')).split('\n')[1]
  await writeFile(join(place.path, 'policy'), `witness w ${witness.text}\nquorum w\n`)
})

after(() => place?.remove())

/** Exit code and what was said, of a program that may fail. */
const ask = async (program, words) => {
  try {
    return { code: 0, said: (await run(program, words, { maxBuffer: 64 << 20 })).stdout }
  } catch (fault) {
    if (typeof fault.code !== 'number') throw fault
    return { code: fault.code, said: fault.stdout + fault.stderr }
  }
}

const policy = () => ['--key', key.text, '--policy', join(place.path, 'policy')]

/** What the script of the page says is wrong, or null; `receipt` is the words that name one. */
async function inBrowser(receipt = []) {
  const { code, said } = await ask(process.execPath, [here('../../web/check.mjs'), ...policy(), ...receipt, site])
  assert.equal(code, 0, said)
  const { fault, differences, witnesses, receipts } = JSON.parse(said)
  if (fault) return fault
  for (const { fault, seen } of receipts) {
    if (fault) return fault
    if (seen.state !== 'quorum') return 'unwitnessed'
  }
  if (differences.length > 0) return `${differences[0].path} differs at ${differences[0].field}`
  return witnesses.state === 'quorum' ? null : 'unwitnessed'
}

/** What the checker says is wrong, or null. */
async function inPython(receipt = []) {
  const { code, said } = await ask('python3', [here('../../checker/testigo_check.py'), ...policy(), ...receipt, site])
  if (code === 0) return null
  assert.equal(code, 1, said)
  return /WRONG: (.*)/.exec(said)[1]
}

const read = (name) => readFile(join(site, name))
const write = async (name, bytes) => {
  await mkdir(dirname(join(site, name)), { recursive: true })
  await writeFile(join(site, name), bytes)
}
const flip = async (name, at = 0.5) => {
  const bytes = await read(name)
  bytes[Math.floor(bytes.length * at)] ^= 1
  await write(name, bytes)
}
const replace = async (name, text, by) => {
  const before = await readFile(join(site, name), 'latin1')
  assert.ok(before.includes(text), `${name} has no ${text}`)
  await write(name, Buffer.from(before.replace(text, by), 'latin1'))
}
const remove = (name) => rm(join(site, name))
const find = async (begins, ends = '') => {
  const names = (await readdir(site, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(site.length + 1))
  return names.sort().find((name) => name.startsWith(begins) && name.endsWith(ends))
}
const signAgain = async () => {
  const text = (await readFile(join(site, 'manifest'), 'utf8')).split('\n\n')[0].split('\n')
  const lines = []
  for (const line of text.slice(5)) {
    const path = line.split(' ')[2]
    const bytes = await read(path)
    lines.push(`${createHash('sha256').update(bytes).digest('hex')} ${bytes.length} ${path}`)
  }
  await write('manifest', key.note(`${[...text.slice(0, 5), ...lines].join('\n')}\n`))
}
const bundle = () => `ledger/tile/entries/000.p/${size}`

/** Changes an entry and the tile over it, so that all files fit together and only the signed root does not. */
const forge = async () => {
  const bytes = await read(bundle())
  const leaves = await read(`ledger/tile/0/000.p/${size}`)
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const end = at + 2 + bytes.readUInt16BE(at)
    const digit = bytes.indexOf('"votes":[') + 9
    if (digit > at && digit < end) {
      bytes[digit] = bytes[digit] === 0x39 ? 0x38 : bytes[digit] + 1
      createHash('sha256').update(Buffer.concat([Buffer.from([0]), bytes.subarray(at + 2, end)])).digest().copy(leaves, 32 * index)
      break
    }
    at = end
  }
  await write(bundle(), bytes)
  await write(`ledger/tile/0/000.p/${size}`, leaves)
}

const changed = /the file was changed|manifest says/
const mutations = {
  'a bundle': [() => replace(bundle(), '"votes":[', '"votes":{'), /entry \d+ was changed/],
  'a bundle cut short': [async () => write(bundle(), (await read(bundle())).subarray(0, -1)), /ends within entry/],
  'an entry and its tile, consistently': [forge, /have the root .* signed over/],
  'a hash tile': [() => flip(`ledger/tile/0/000.p/${size}`), /tile\/0\/000\.p\/\d+ differs, from byte \d+ on/],
  'a partial tile of an earlier head': [async () => flip(await find('ledger/tile/0/000.p/')), /tile\/0\/000\.p\/\d+ differs/],
  'the root in the checkpoint': [() => flip('ledger/checkpoint'), /ledger\/checkpoint/],
  'the size in the checkpoint': [() => replace('ledger/checkpoint', `\n${size}\n`, `\n${Number(size) - 1}\n`), /signature of .* is wrong/],
  'an earlier checkpoint': [async () => flip(await find('ledger/checkpoints/')), /ledger\/checkpoints\//],
  'an earlier checkpoint in place of the last': [async () => write('ledger/checkpoint', await read(await find('ledger/checkpoints/'))), /unwitnessed|another head|this ledger's head/],
  'a cosignature': [async () => {
    const note = await readFile(join(site, 'ledger/checkpoint'), 'utf8')
    const at = note.length - 30
    await write('ledger/checkpoint', note.slice(0, at) + (note[at] === 'A' ? 'B' : 'A') + note.slice(at + 1))
  }, /countersignature of witness\.example is wrong/],
  'a cosignature left out': [async () => {
    const note = await readFile(join(site, 'ledger/checkpoint'), 'utf8')
    await write('ledger/checkpoint', note.slice(0, note.lastIndexOf('\u2014')))
  }, /unwitnessed|manifest says/],
  'another key beside the ledger': [async () => write('ledger/key', `${noteKey(key.text.split('+')[0], Buffer.alloc(32, 3)).text}\n`), changed],
  'a document': [async () => flip(await find('documents/')), /has the hash|has other bytes/],
  'a stray document': [() => write('documents/notes.txt', 'hello'), /documents\/notes\.txt/],
  'a picture': [async () => flip(await find('renditions/', '.jpg')), /renditions\/.*has the hash|manifest says/],
  'a picture gone': [async () => remove(await find('renditions/', '.jpg')), /is missing/],
  'an opening': [async () => flip(await find('openings/')), /openings\/|manifest says/],
  'the tally': [() => replace('data/president/tally.json', '"votes":', '"votes":1'), /data\/president\/tally\.json/],
  'the tally, signed': [async () => {
    await replace('data/president/tally.json', '"votes":', '"votes":1')
    await signAgain()
  }, /data\/president\/tally\.json/],
  "a unit's document, signed": [async () => {
    await replace('region/01.json', '"valid":', '"valid":1')
    await signAgain()
  }, /region\/01\.json/],
  'a table of totals': [() => replace('data/president/stations.csv', 'counted', 'awaited'), /data\/president\/stations\.csv/],
  'the torrent of the pictures': [() => flip('data/sheets.torrent'), changed],
  'the home page': [() => flip('index.html'), changed],
  "a station's page": [async () => flip(await find('en/table/', 'index.html')), changed],
  "a station's document": [async () => flip(await find('table/', '.json')), changed],
  'a page gone': [() => remove('method/index.html'), /method\/index\.html is missing/],
  'the script of the recount': [async () => flip(await find('assets/recount-', '.js')), changed],
  'a file more': [() => write('data/secret.csv', 'a,b\n'), /data\/secret\.csv is not in the manifest/],
  'the manifest': [() => flip('manifest'), /manifest/],
  'the manifest gone': [() => remove('manifest'), /manifest is missing/],
  'publishing not finished': [() => write('.publishing/7', 'half'), /\.publishing/],
}

test('the mirror as it was published', async () => {
  await cp(kept, site, { recursive: true })
  assert.deepEqual([await inBrowser(), await inPython()], [null, null])
})

for (const [what, [change, cause]] of Object.entries(mutations)) {
  test(`${what}, changed`, async () => {
    await rm(site, { recursive: true, force: true })
    await cp(kept, site, { recursive: true })
    await change()
    const [browser, python] = await Promise.all([inBrowser(), inPython()])
    assert.match(browser ?? 'accepted', cause, 'the script of the recount')
    assert.match(python ?? 'accepted', cause, 'the checker in Python')
  })
}

/** Of a text, a letter in the middle of a line replaced by another. */
const letterChanged = (text, line) => {
  const lines = text.split('\n')
  const at = lines[line].length >> 1
  lines[line] = lines[line].slice(0, at) + (lines[line][at] === 'A' ? 'B' : 'A') + lines[line].slice(at + 1)
  return lines.join('\n')
}
const without = (text, line) => text.split('\n').filter((_, at) => at !== line).join('\n')
const checkpointLine = (text) => text.split('\n').indexOf('') + 1

const notLeading = /does not lead from entry \d+ to the root/
const receiptMutations = {
  kind: [(text) => text.replace('@v1', '@v2'), /not a receipt/],
  index: [(text) => text.replace('index 5\n', 'index 6\n'), notLeading],
  'index in another form': [(text) => text.replace('index 5\n', 'index 05\n'), /not a receipt/],
  'index beyond the head': [(text) => text.replace('index 5\n', 'index 9000\n'), /entry 9000 is beyond its head/],
  'extra line that is no base64': [(text) => text.replace('index', 'extra ?\nindex'), /not a receipt/],
  'first hash': [(text) => letterChanged(text, 2), notLeading],
  'last hash': [(text) => letterChanged(text, checkpointLine(text) - 2), notLeading],
  'hash cut short': [(text) => text.replace('=\n', '\n'), /not a receipt/],
  'hash left out': [(text) => without(text, 2), notLeading],
  'hash that is there twice': [(text) => text.replace(/(index 5\n)(.*\n)/, '$1$2$2'), notLeading],
  checkpoint: [(text) => text.slice(0, text.indexOf('\n\n') + 2), /no blank line|not a receipt/],
  'size in the checkpoint': [(text) => text.replace(`\n${size}\n`, `\n${Number(size) - 1}\n`), /signature of .* is wrong/],
  'root in the checkpoint': [(text) => letterChanged(text, checkpointLine(text) + 2), /signature of .* is wrong/],
  signature: [(text) => letterChanged(text, checkpointLine(text) + 4), /signature of .* is wrong/],
  cosignature: [(text) => letterChanged(text, checkpointLine(text) + 5), /countersignature of witness\.example is wrong/],
  'cosignature left out': [(text) => text.slice(0, text.lastIndexOf('\u2014')), /unwitnessed/],
  'head by another key': [(text) => {
    const [before, head] = text.split('\n\n')
    return `${before}\n\n${noteKey(key.text.split('+')[0], Buffer.alloc(32, 3)).note(`${head}\n`)}`
  }, /not signed by/],
  'history, which the real key rewrote': [async (text) => {
    const fork = join(place.path, 'fork')
    await cp(kept, fork, { recursive: true })
    await rewriteHistory(fork, key, (entry) => entry.replace('"votes":[', '"votes":[1'))
    await cosign(fork, witness, 1_935_000_000)
    const forked = await readFile(join(fork, 'ledger/checkpoint'), 'utf8')
    // The way is not that of the other tree, either: that head alone gives it away.
    return `${text.slice(0, text.indexOf('\n\n') + 2)}${forked}`
  }, notLeading],
}

test('a receipt as it was made', async () => {
  await rm(site, { recursive: true, force: true })
  await cp(kept, site, { recursive: true })
  await testigo('receipt', 'make', kept, '5', '--out', join(place.path, 'receipts'))
  const words = ['--receipt', join(place.path, 'receipts/5.tlog-proof')]
  assert.deepEqual([await inBrowser(words), await inPython(words)], [null, null])
  // What stands in the extra line is covered by nothing, so it may be anything.
  const text = await readFile(words[1], 'utf8')
  words[1] = join(place.path, 'receipts/extra.tlog-proof')
  await writeFile(words[1], text.replace('index', 'extra YW55dGhpbmc=\nindex'))
  assert.deepEqual([await inBrowser(words), await inPython(words)], [null, null])
})

for (const [what, [change, cause]] of Object.entries(receiptMutations)) {
  test(`a receipt with another ${what}`, async () => {
    const text = await readFile(join(place.path, 'receipts/5.tlog-proof'), 'utf8')
    const changed = await change(text)
    assert.notEqual(changed, text)
    const words = ['--receipt', join(place.path, 'receipts/changed.tlog-proof')]
    await writeFile(words[1], changed)
    const [browser, python] = await Promise.all([inBrowser(words), inPython(words)])
    assert.match(browser ?? 'accepted', cause, 'the script of the recount')
    assert.match(python ?? 'accepted', cause, 'the checker in Python')
  })
}
