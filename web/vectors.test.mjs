// The fold, held against docs/vectors.

import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { foldVector } from './source/vector.js'

const vectors = new URL('../docs/vectors/', import.meta.url)
const read = (path) => new Uint8Array(readFileSync(new URL(path, vectors)))

/** Tallies stand in no particular order. */
const sorted = ({ contests, ...rest }) => {
  const unit = (tally) => `${tally.unit.level} ${tally.unit.code}`
  const order = (one, other) => (unit(one) < unit(other) ? -1 : 1)
  return { ...rest, contests: contests.map((contest) => ({ ...contest, tallies: [...contest.tallies].sort(order) })) }
}

const names = readdirSync(vectors).filter((name) => existsSync(new URL(`${name}/entries.jsonl`, vectors)))

for (const name of names) {
  test(`the vector ${name}`, async () => {
    const expected = JSON.parse(new TextDecoder().decode(read(`${name}/expected.json`)))
    const document = async (hash) => {
      const path = `${name}/documents/${hash}`
      return existsSync(new URL(path, vectors)) ? read(path) : null
    }
    const found = await foldVector(read(`${name}/entries.jsonl`), document)
    const asked = Object.fromEntries(Object.keys(expected).map((key) => [key, found[key]]))
    assert.deepEqual(sorted(asked), sorted(expected))
  })
}
