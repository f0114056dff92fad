// The fold, held against docs/vectors.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { toHex } from './source/bytes.js'
import { Count } from './source/count.js'
import { Ledger, whole } from './source/fold.js'
import { leafHash, Tree } from './source/tree.js'

const vectors = new URL('../docs/vectors/', import.meta.url)

const read = (name, file) => {
  try {
    return new Uint8Array(readFileSync(new URL(`${name}/${file}`, vectors)))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

const lines = (bytes) => {
  const found = []
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    found.push(bytes.subarray(at, end))
    at = end + 1
  }
  return found
}

for (const name of ['wide', 'strict', 'drawn']) {
  test(`the vector ${name}`, async () => {
    const expected = JSON.parse(new TextDecoder().decode(read(name, 'expected.json')))
    const ledger = new Ledger(async (hash) => read(name, `documents/${hash}`))
    const tree = new Tree()
    for (const entry of lines(read(name, 'entries.jsonl'))) {
      await ledger.append(entry)
      tree.add(leafHash(entry))
    }
    const root = toHex(tree.root())
    assert.equal(ledger.size, expected.size)
    assert.equal(root, expected.root)
    assert.deepEqual(tree.levels[0].map(toHex), expected.leaves)
    assert.deepEqual(ledger.refused.map(({ index }) => index), expected.refused)
    assert.equal(ledger.registerFromResults, expected.register_from_results)
    const sheets = [...ledger.sheets.values()].map((sheet) => ({
      entry: sheet.index,
      source: sheet.source,
      state: sheet.state,
      moved_to: sheet.movedTo,
      rejected: sheet.rejected,
      withheld: sheet.withheld,
    }))
    assert.deepEqual(sheets, expected.sheets)
    const kept = (map) => [...map].map(([entry, { supersededBy }]) => ({ entry, superseded_by: supersededBy }))
    assert.deepEqual(kept(ledger.officials), expected.officials)
    assert.deepEqual(kept(ledger.records), expected.records)
    assert.deepEqual([...ledger.lists].map(([entry, { seed }]) => ({ entry, seed })), expected.lists)
    const count = await Count.of(ledger)
    assert.deepEqual(ledger.election.contests.map(({ id }) => id), expected.contests.map(({ id }) => id))
    for (const wanted of expected.contests) {
      const contest = ledger.contests.get(wanted.id)
      assert.deepEqual([...ledger.known].sort(), wanted.stations.map(({ station }) => station))
      for (const station of wanted.stations) assert.deepEqual(count.station(contest, station.station), station)
      assert.equal(wanted.tallies.length, ledger.geography.units.size)
      for (const tally of wanted.tallies) {
        const unit = tally.unit.level ? count.findUnit(tally.unit.level, tally.unit.code) : whole
        assert.deepEqual(count.tally(contest, unit, root), tally)
      }
    }
  })
}
