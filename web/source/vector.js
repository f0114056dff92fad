// What follows from a ledger in the form of docs/vectors: everything that `expected.json` has.

import { Count } from './count.js'
import { Fault, toHex } from './bytes.js'
import { Ledger } from './fold.js'
import { leafHash, Tree } from './tree.js'

function* linesOf(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(10, at)
    yield bytes.subarray(at, end < 0 ? bytes.length : end)
    at = end < 0 ? bytes.length : end + 1
  }
}

const kept = (map) => [...map].map(([entry, { supersededBy }]) => ({ entry, superseded_by: supersededBy }))

/** Only where anything is said about pixels or masks. */
const pagesOf = ({ pages }) => {
  if (pages.every(({ pixels, mask }) => pixels === null && mask === null)) return {}
  const said = ({ rendition, media, pixels, masked, mask, superseded }) => ({ rendition, media, pixels, masked, mask, superseded })
  return { pages: pages.map(said) }
}

const isFault = async (ledger, entry) => {
  try {
    await ledger.append(entry)
  } catch (error) {
    if (error instanceof Fault) return true
    throw error
  }
  return false
}

/**
 * From `entries.jsonl` and a function that gives the document with a hash, or null. Each line of `candidates`, if there are
 * any, is tried as the next entry.
 */
export const foldVector = async (bytes, documents, candidates = null) => {
  const [ledger, tree] = [new Ledger(documents), new Tree()]
  for (const entry of linesOf(bytes)) {
    await ledger.append(entry)
    tree.add(leafHash(entry))
  }
  const count = await Count.of(ledger)
  const root = toHex(tree.root())
  const answer = {
    size: ledger.size,
    root,
    leaves: [...tree.leaves].map(toHex),
    refused: ledger.refused.map(({ index }) => index),
    register_from_results: ledger.registerFromResults,
    recovery_key: ledger.recovery && toHex(ledger.recovery.key.bytes),
    rotations: ledger.rotations.map(({ index, previous, key }) => ({ entry: index, previous: toHex(previous), public: toHex(key) })),
    anchors: ledger.anchors,
    adjudicators: [...ledger.keys.keys()].sort(),
    officials: kept(ledger.officials),
    records: kept(ledger.records),
    lists: [...ledger.lists].map(([entry, { seed }]) => ({ entry, seed })),
    sheets: [...ledger.sheets.values()].map((sheet) => ({
      entry: sheet.index,
      source: sheet.source,
      state: sheet.state,
      moved_to: sheet.movedTo,
      rejected: sheet.rejected,
      withheld: sheet.withheld,
      ...pagesOf(sheet),
    })),
    contests: ledger.election.contests.map((contest) => ({
      id: contest.id,
      stations: [...ledger.known].sort().map((station) => count.station(contest, station)),
      tallies: [...ledger.geography.units.keys()].map((unit) => count.tally(contest, unit, root)),
    })),
  }
  if (!candidates) return answer
  answer.candidates = []
  for (const entry of linesOf(candidates)) answer.candidates.push(await isFault(ledger, entry))
  return answer
}
