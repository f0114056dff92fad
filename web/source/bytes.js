// Bytes, and the few ways in which the ledger's files write them as text.

import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'

/** Something that is wrong, and where. Whatever is checked ends with the first of them. */
export class Fault extends Error {
  isFault = true
}

export const demand = (right, cause) => {
  if (!right) throw new Fault(typeof cause === 'function' ? cause() : cause)
}

/**
 * SHA-256 of what stands after `prefix`. The hasher is used again and again: over a hundred thousand short messages, a new one for
 * each takes longer than the hashing.
 */
export const sha256After = (prefix) => {
  const start = nobleSha256.create().update(prefix)
  const hasher = start.clone()
  return (bytes) => {
    const hash = new Uint8Array(32)
    start._cloneInto(hasher).update(bytes).digestInto(hash)
    return hash
  }
}

/** SHA-256 of bytes. */
export const sha256 = sha256After(new Uint8Array(0))

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export const fromText = (text) => encoder.encode(text)

/** The text of UTF-8 bytes, or null where they are not UTF-8. A byte order mark stays. */
export const toText = (bytes) => {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

const pairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export const toHex = (bytes) => {
  let text = ''
  for (const byte of bytes) text += pairs[byte]
  return text
}

export const equal = (one, other) => {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false
  return true
}

/** The place of the first byte that differs, or -1. */
export const firstDifference = (one, other) => {
  const shorter = Math.min(one.length, other.length)
  for (let at = 0; at < shorter; at++) if (one[at] !== other[at]) return at
  return one.length === other.length ? -1 : shorter
}

export const concat = (...parts) => {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

export const toBase64 = (bytes) => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const [one, two, three] = [bytes[at], bytes[at + 1], bytes[at + 2]]
    text += alphabet[one >> 2] + alphabet[((one & 3) << 4) | (two >> 4)]
    text += two === undefined ? '=' : alphabet[((two & 15) << 2) | (three >> 6)]
    text += three === undefined ? '=' : alphabet[three & 63]
  }
  return text
}

/** The bytes of padded base64 (RFC 4648, section 4) in its one canonical form, or null. */
export const fromBase64 = (text) => {
  const body = text.replace(/={1,2}$/, '')
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*$/.test(body)) return null
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4))
  let [held, bits, at] = [0, 0, 0]
  for (const letter of body) {
    held = ((held << 6) | alphabet.indexOf(letter)) & 0xffff
    bits += 6
    if (bits >= 8) bytes[at++] = (held >> (bits -= 8)) & 255
  }
  return toBase64(bytes) === text ? bytes : null
}
