// The recount without a browser, for tests: the committed script, over folders.
//
//     node check.mjs [--key KEY] [--policy FILE] [--seen FILE] [--receipt FILE] FOLDER...     checks mirrors or archives, one line of JSON each
//     node check.mjs --vectors FOLDER...           folds ledgers in the form of docs/vectors
//
// A line has `fault` (with `step`) or `size`, `root`, `seen`, `witnesses`, `differences` and the `tallies` of the whole.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { createContext, runInContext } from 'node:vm'

const context = createContext({ TextEncoder, TextDecoder, performance, URL, Blob, DecompressionStream, TypeError, Intl, console })
runInContext(readFileSync(new URL('../crates/site/assets/recount.js', import.meta.url), 'utf8'), context)
const { recount, foldVector } = context.testigoRecount

const walk = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    return entry.isDirectory() ? walk(path) : [path]
  })

/** Files below a folder, as the page gets them from a USB stick. */
const inFolder = (root) => ({
  async read(path) {
    try {
      return new Uint8Array(readFileSync(join(root, path)))
    } catch (error) {
      if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(error.code)) return null
      throw error
    }
  },
  list(folder) {
    const start = join(root, folder)
    return existsSync(start) ? walk(start).map((path) => relative(root, path).split(sep).join('/')).sort() : []
  },
})

const verdictOf = (error) => {
  if (!error.isFault) throw error
  return { fault: error.message, step: error.step ?? null }
}

const check = async (folder, options) => {
  try {
    const { head, seen, witnesses, differences, missing, count, manifest, pictures, receipts } = await recount(inFolder(folder), options)
    const tallies = count?.ledger.election.contests.map((contest) => count.tally(contest, '', head.root)) ?? []
    return { size: head.size, root: head.root, seen: seen.state, witnesses, differences, missing, manifest, pictures, receipts, tallies }
  } catch (error) {
    return verdictOf(error)
  }
}

const vector = async (folder) => {
  const entries = readFileSync(join(folder, 'entries.jsonl'))
  const document = async (hash) => {
    const path = join(folder, 'documents', hash)
    return existsSync(path) ? new Uint8Array(readFileSync(path)) : null
  }
  const candidates = join(folder, 'candidates.jsonl')
  try {
    return await foldVector(new Uint8Array(entries), document, existsSync(candidates) ? new Uint8Array(readFileSync(candidates)) : null)
  } catch (error) {
    return verdictOf(error)
  }
}

const words = process.argv.slice(2)
const option = (name) => {
  const at = words.indexOf(name)
  return at < 0 ? null : words.splice(at, 2)[1]
}
const text = (file) => (file === null ? null : readFileSync(file, 'utf8'))
const isVectors = words[0] === '--vectors' && Boolean(words.shift())
const key = option('--key')
const policy = text(option('--policy'))
const receipt = option('--receipt')
const receipts = receipt === null ? [] : [{ name: receipt, bytes: new Uint8Array(readFileSync(receipt)) }]
const seen = JSON.parse(text(option('--seen')) ?? 'null')
for (const folder of words) {
  const answer = isVectors ? await vector(folder) : await check(folder, { key, policy, seen: () => seen, everything: true, receipts })
  console.log(JSON.stringify(answer))
}
