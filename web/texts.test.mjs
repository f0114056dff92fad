// The page's words: each that the script asks for is in both languages, and none is there for nothing.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { steps } from './source/recount.js'
import { readTomlText } from './source/toml.js'

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8')

const flatten = (table, prefix) =>
  Object.entries(table).flatMap(([name, value]) => {
    const key = `${prefix}.${name}`
    const isText = typeof value === 'string' || ('other' in value && typeof value.other === 'string')
    return isText ? [key] : flatten(value, key)
  })

const used = new Set()
for (const [, key] of read('source/page.js').matchAll(/['`](recount\.[a-z_.-]+)['`]/g)) used.add(key)
for (const [, key] of read('../crates/site/src/page/recount.rs').matchAll(/"(recount\.[a-z_.-]+)"/g)) used.add(key)
for (const [, key] of read('../crates/site/src/page/mod.rs').matchAll(/"(recount\.[a-z_.-]+)"/g)) used.add(key)
for (const step of steps) for (const family of ['step', 'wrong_in']) used.add(`recount.${family}.${step}`)
for (const state of ['first', 'same', 'newer', 'older', 'rewritten', 'other-key']) used.add(`recount.seen.${state}`)
for (const state of ['quorum', 'short', 'none', 'nobody']) used.add(`recount.witness.${state}`)
for (const state of ['held', 'later']) used.add(`recount.receipt.${state}`)
for (const name of ['file', 'where', 'field', 'published', 'counted']) used.add(`recount.table.${name}`)
used.delete('recount.')

for (const language of ['es', 'en']) {
  test(`the words of the page in ${language}`, () => {
    const texts = readTomlText(read(`../packs/languages/${language}.toml`)).recount
    assert.deepEqual(flatten(texts, 'recount').sort(), [...used].sort())
  })
}
