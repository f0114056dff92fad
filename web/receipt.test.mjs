// Receipts of small ledgers, with proofs made by the letter of RFC 6962: they hold for their entry and for no other.

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { concat, fromText, sha256, toBase64, toHex } from './source/bytes.js'
import { KeyHistory } from './source/keys.js'
import { checkReceipt } from './source/receipt.js'
import { leafHash, Tree } from './source/tree.js'

const name = 'example.org/made-up'
const { privateKey, publicKey } = generateKeyPairSync('ed25519')
const data = concat(new Uint8Array([1]), new Uint8Array(publicKey.export({ format: 'der', type: 'spki' })).slice(-32))
const id = sha256(concat(fromText(`${name}\n`), data)).subarray(0, 4)
const keys = new KeyHistory(fromText(`${name}+${toHex(id)}+${toBase64(data)}\n`), null)
const note = (text) => `${text}\n\u2014 ${name} ${toBase64(concat(id, new Uint8Array(sign(null, fromText(text), privateKey))))}\n`

/** RFC 6962, sections 2.1 and 2.1.1, as they are written there. */
const middleOf = (leaves) => 2 ** Math.floor(Math.log2(leaves.length - 1))
const root = (leaves) => {
  if (leaves.length === 1) return leaves[0]
  const middle = middleOf(leaves)
  return sha256(concat(new Uint8Array([1]), root(leaves.slice(0, middle)), root(leaves.slice(middle))))
}
const path = (index, leaves) => {
  if (leaves.length === 1) return []
  const middle = middleOf(leaves)
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)]
  return index < middle ? [...path(index, left), root(right)] : [...path(index - middle, right), root(left)]
}

const treeOf = (size, entry = String) => {
  const tree = new Tree()
  for (let at = 0; at < size; at++) tree.add(leafHash(fromText(entry(at))))
  return tree
}

const headOf = (leaves) => note(`${name}\n${leaves.length}\n${toBase64(root(leaves))}\n`)
const receipt = (index, hashes, head) => {
  const lines = hashes.map((hash) => `${toBase64(hash)}\n`).join('')
  return { name: 'r', bytes: fromText(`c2sp.org/tlog-proof@v1\nindex ${index}\n${lines}\n${head}`) }
}

for (const size of [...Array.from({ length: 12 }, (_, at) => at + 1), 255, 256, 257]) {
  test(`every entry of ${size}, and no other`, () => {
    const tree = treeOf(size)
    const leaves = [...tree.leaves]
    const head = headOf(leaves)
    const check = (index, hashes) => checkReceipt(receipt(index, hashes, head), keys, null, tree)
    const indices = size < 13 ? leaves.keys() : [0, 1, 127, 128, size - 2, size - 1]
    for (const index of indices) {
      const right = path(index, leaves)
      assert.deepEqual(check(index, right), { name: 'r', index, size, isLater: false, seen: null })
      const wrong = [[index, [...right, root(leaves)]], [size, right]]
      if (right.length > 0) wrong.push([index, right.slice(1)], [index, right.slice(0, -1)], [index ^ 1, right])
      for (const [other, hashes] of wrong) assert.throws(() => check(other, hashes), /does not lead|is beyond its head/)
    }
  })
}

test('a head of another history, a later one, and an entry that is not here', () => {
  const forked = [...treeOf(9, (at) => (at === 7 ? 'another' : String(at))).leaves]
  const long = [...treeOf(9).leaves]
  const ask = (index, leaves, size) => checkReceipt(receipt(index, path(index, leaves), headOf(leaves)), keys, null, treeOf(size))
  assert.throws(() => ask(3, forked, 9), /another history: its head of 9 entries/)
  assert.throws(() => ask(3, forked, 12), /another history: its head of 9 entries/)
  assert.equal(ask(3, forked, 8).isLater, true)
  assert.equal(ask(3, long, 8).isLater, true)
  assert.equal(ask(3, long, 12).isLater, false)
  assert.throws(() => ask(8, long, 8), /the ledger here has no entry 8/)
})
