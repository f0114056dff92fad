// Receipts (C2SP tlog-proof): that an entry of the ledger, hashed from its own bytes, stands under a signed head. Whoever got one earlier
// learns from it whether the ledger still has that head.

import { demand, equal, fromBase64, fromText, toHex, toText } from './bytes.js'
import { parseSize } from './note.js'
import { witnessesOf } from './policy.js'
import { joinHashes } from './tree.js'

const form = /^c2sp\.org\/tlog-proof@v1\n(?:extra (.*)\n)?index (.*)((?:\n.+){0,64})\n\n([^]*)$/

/** The root that a proof leads to (RFC 9162, section 2.1.3.2), or null where it has not the right length. */
const rootFrom = (leaf, index, size, hashes) => {
  let [at, last, found] = [index, size - 1, leaf]
  for (const hash of hashes) {
    if (last === 0) return null
    const onRight = at % 2 === 1 || at === last
    found = onRight ? joinHashes(hash, found) : joinHashes(found, hash)
    while (onRight && at > 0 && at % 2 === 0) [at, last] = [at / 2, Math.floor(last / 2)]
    ;[at, last] = [Math.floor(at / 2), Math.floor(last / 2)]
  }
  return last === 0 ? found : null
}

/**
 * Holds a receipt against a ledger whose entries make up `tree`. Gives what it shows: `isLater` if its head has more entries than there
 * are here, so that only who signed it can be checked, and its own way. `seen` is null without a policy.
 */
export const checkReceipt = ({ name, bytes }, keys, policy, tree) => {
  const [, extra, written, lines, note] = form.exec(toText(bytes) ?? '') ?? []
  const index = parseSize(written ?? '')
  const hashes = (lines ?? '').split('\n').slice(1).map(fromBase64)
  const isRight = index !== null && hashes.every((hash) => hash?.length === 32) && (!extra || fromBase64(extra))
  demand(isRight, `${name}: not a receipt`)
  const head = keys.openCheckpoint(fromText(note), name)
  demand(index < head.size, `${name}: entry ${index} is beyond its head of ${head.size} entries`)
  demand(index < tree.size, `${name}: the ledger here has no entry ${index}`)
  const found = rootFrom(tree.leaves.at(index), index, head.size, hashes)
  const leads = found && equal(found, head.root)
  demand(leads, `${name}: it does not lead from entry ${index} to the root: one of them was changed`)
  const isLater = head.size > tree.size
  const same = isLater || equal(tree.root(head.size), head.root)
  demand(same, `${name} is of another history: its head of ${head.size} entries, with the root ${toHex(head.root)}, is not one of this ledger`)
  const seen = policy && witnessesOf(policy, head.bytes, name)
  return { name, index, size: head.size, isLater, seen }
}
