// The Merkle tree of RFC 6962 over the entries, and the files that hold its parts.

import { concat, demand, sha256, sha256After } from './bytes.js'

export const leafHash = sha256After(new Uint8Array([0]))

/** Of two nodes, one after the other. */
const nodeHash = sha256After(new Uint8Array([1]))

/** The hash over two hashes. */
export const joinHashes = (left, right) => nodeHash(concat(left, right))

/** Hashes in one piece of memory, which is a fraction of what as many arrays take. */
class Row {
  length = 0
  bytes = new Uint8Array(32 * 256)

  push(hash) {
    const end = 32 * this.length++
    if (end === this.bytes.length) {
      const before = this.bytes
      this.bytes = new Uint8Array(2 * end)
      this.bytes.set(before)
    }
    this.bytes.set(hash, end)
  }

  /** From one place up to another. */
  slice(start, end) {
    return this.bytes.subarray(32 * start, 32 * Math.min(end, this.length))
  }

  at(place) {
    return this.slice(place, place + 1)
  }

  *[Symbol.iterator]() {
    for (let place = 0; place < this.length; place++) yield this.at(place)
  }
}

/** `levels[height].at(i)` is the root of the `2^height` leaves that begin at leaf `i 2^height`; only whole ones are kept. */
export class Tree {
  levels = [new Row()]

  get size() {
    return this.levels[0].length
  }

  get leaves() {
    return this.levels[0]
  }

  add(leaf) {
    this.levels[0].push(leaf)
    for (let height = 0; this.levels[height].length % 2 === 0; height++) {
      const below = this.levels[height]
      if (height + 1 === this.levels.length) this.levels.push(new Row())
      this.levels[height + 1].push(nodeHash(below.slice(below.length - 2, below.length)))
    }
  }

  /** Over the first `size` leaves. */
  root(size = this.size) {
    if (size === 0) return sha256(new Uint8Array(0))
    let found = null
    let start = size
    for (let height = 0; start > 0; height++) {
      const width = 2 ** height
      if (Math.floor(size / width) % 2 === 0) continue
      start -= width
      const left = this.levels[height].at(start / width)
      found = found ? joinHashes(left, found) : left
    }
    return found
  }

  /** The bytes of a hash tile. */
  tile(level, number, width) {
    return this.levels[8 * level]?.slice(256 * number, 256 * number + width) ?? new Uint8Array(0)
  }
}

/** Where the file of a level (a number, or `entries`) stands below `ledger/`. */
export const tilePath = (level, number, width) => {
  let path = String(number % 1000).padStart(3, '0')
  for (let rest = Math.floor(number / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  return `tile/${level}/${path}${width === 256 ? '' : `.p/${width}`}`
}

/** `{ level, number, width }` of the files of one row that holds `count` things. */
export function* rowOf(level, count) {
  const full = Math.floor(count / 256)
  for (let number = 0; number < full; number++) yield { level, number, width: 256 }
  if (count % 256 > 0) yield { level, number: full, width: count % 256 }
}

/** The hash tiles of a ledger of this size. */
export function* hashTilesOf(size) {
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) yield* rowOf(level, count)
}

/** The entries of a bundle that is to hold exactly `width` of them. */
export const splitBundle = (bytes, width, where) => {
  const entries = []
  let at = 0
  for (let number = 0; number < width; number++) {
    const end = at + 2 + ((bytes[at] << 8) | bytes[at + 1])
    demand(at + 2 <= bytes.length && end <= bytes.length, `${where}: ends within entry ${number} of ${width}`)
    entries.push(bytes.subarray(at + 2, end))
    at = end
  }
  demand(at === bytes.length, `${where}: ${bytes.length - at} bytes follow its ${width} entries`)
  return entries
}

export const joinBundle = (entries) =>
  concat(...entries.flatMap((entry) => [new Uint8Array([entry.length >> 8, entry.length & 255]), entry]))
