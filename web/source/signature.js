// Ed25519 (RFC 8032), verification only, as strict as docs/ledger-format.md asks for: no point or key that does not
// decode in its one form, none of small order, no S from the group's order on, and the equation without the cofactor.
// The library's own `verify` multiplies by the cofactor, so the equation is written out here on its points.

import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equal } from './bytes.js'

const { Point } = ed25519
const order = Point.Fn.ORDER

/** The point of 32 bytes; null where they are none in canonical form, or one of small order. */
const usablePoint = (bytes) => {
  if (bytes.length !== 32) return null
  try {
    const point = Point.fromBytes(bytes, false)
    return point.isSmallOrder() ? null : point
  } catch {
    return null
  }
}

const littleEndian = (bytes) => {
  let number = 0n
  for (let at = bytes.length - 1; at >= 0; at--) number = (number << 8n) | BigInt(bytes[at])
  return number
}

export class PublicKey {
  /** A key from its 32 bytes, or null where nobody should sign with them. */
  static from(bytes) {
    const point = usablePoint(bytes)
    return point && new PublicKey(bytes, point)
  }

  constructor(bytes, point) {
    this.bytes = bytes
    this.negated = point.negate()
  }

  verifies(message, signature) {
    if (signature.length !== 64) return false
    const encodedR = signature.subarray(0, 32)
    const s = littleEndian(signature.subarray(32))
    if (s >= order || !usablePoint(encodedR)) return false
    const k = littleEndian(sha512(concat(encodedR, this.bytes, message))) % order
    const found = Point.BASE.multiplyUnsafe(s).add(this.negated.multiplyUnsafe(k))
    return equal(found.toBytes(), encodedR)
  }
}
