// The keys of a ledger: its first one, and those that took its place.

import { demand, equal, fromText, toHex, toText } from './bytes.js'
import { NoteKey, openCheckpoint, parseSize } from './note.js'

const bytesOf = ({ key }) => toHex(key.bytes)

export class KeyHistory {
  /** From the ledger's file `key`, or null; `given` is the key that the visitor has from elsewhere, or null. */
  constructor(bytes, given) {
    const text = bytes && toText(bytes)
    demand(text || given, 'ledger/key is missing')
    const [first, ...lines] = text ? text.replace(/\n$/, '').split('\n') : [given.text]
    this.first = new NoteKey(first)
    this.rotations = lines.map((line) => {
      const [, index, key] = /^([0-9]+) (.*)$/.exec(line) ?? []
      demand(parseSize(index ?? '') !== null, 'ledger/key: an index, a space and a key are expected after the first line')
      return { index: Number(index), key: new NoteKey(key) }
    })
    this.rotations.forEach(({ index, key }, at) => {
      const inOrder = at === 0 || this.rotations[at - 1].index < index
      demand(inOrder && key.name === this.first.name, 'ledger/key: not the keys of one ledger in the order of their entries')
    })
    const all = [this.first, ...this.rotations.map(({ key }) => key)]
    const isGiven = (key) => key.name === given.name && bytesOf(key) === bytesOf(given)
    this.trusted = given ? all.find(isGiven) : this.first
    if (!this.trusted) {
      // The file is a convenience: without replacements, the key that one has is the one that counts.
      demand(this.rotations.length === 0, 'the key that you gave is none of those in ledger/key')
      this.trusted = this.first = given
    }
  }

  /** The key that must sign a head of this size. */
  at(size) {
    return this.rotations.findLast(({ index }) => index < size)?.key ?? this.first
  }

  /** Opens a checkpoint with the key at the size that it claims. */
  openCheckpoint(bytes, where) {
    const claimed = parseSize((toText(bytes) ?? '').split('\n')[1] ?? '') ?? 0
    return openCheckpoint(bytes, this.at(claimed), where)
  }

  /** Holds the keys against what the entries say; `sizes` are those of all heads that were opened. */
  check(ledger, sizes) {
    const same = ledger.rotations.length === this.rotations.length &&
      ledger.rotations.every(({ index, key }, at) => {
        const listed = this.rotations[at]
        return listed.index === index && equal(listed.key.key.bytes, key)
      })
    demand(same, "ledger/key does not list the replacements of the ledger's key that the entries make")
    if (ledger.rotations.length === 0) return
    const first = equal(ledger.rotations[0].previous, this.first.key.bytes)
    demand(first, "the ledger's first key is not the one that was replaced first")
    const vouched = sizes.some((size) => size > ledger.recovery.index && this.at(size) === this.trusted)
    demand(vouched, 'no head signed by the key that you trust covers the recovery key, so nothing vouches for the later keys')
  }
}

/** What is signed when the recovery key replaces the ledger's own. */
export const rotationMessage = (entryZero, unsigned) => fromText(`testigo ledger key v1\n${entryZero}\n${unsigned}`)
