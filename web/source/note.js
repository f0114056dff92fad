// Signed notes, their keys, and the checkpoints in them.

import { concat, demand, equal, Fault, fromBase64, fromText, sha256, toHex, toText } from './bytes.js'
import { PublicKey } from './signature.js'

const longestNote = 1 << 20
const mostSignatures = 256
/** Types of keys: who signs the note itself, and who countersigns its text with a time. */
export const plain = 0x01
export const countersigner = 0x04

const isKeyName = (name) => name !== '' && !/[\p{White_Space}\p{Cc}+]/u.test(name)

/** A public key as text: `name+id+base64(type, 32 bytes)`. */
export class NoteKey {
  constructor(text, type = plain) {
    this.text = text.trim()
    const [, name, written, encoded] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(this.text) ?? []
    const data = fromBase64(encoded ?? '')
    this.key = data?.[0] === type && isKeyName(name) ? PublicKey.from(data.subarray(1)) : null
    demand(this.key, `${JSON.stringify(this.text.slice(0, 100))} is not an Ed25519 key \`name+id+base64\` of this kind`)
    this.name = name
    this.id = sha256(concat(fromText(`${name}\n`), data)).subarray(0, 4)
    demand(written === toHex(this.id), `the key's id is ${written}, but ${toHex(this.id)} follows from its name and bytes`)
  }
}

/** A note taken apart: its text, and its signature lines as name, id and signature. Nothing is verified yet. */
export const splitNote = (bytes, where, longest = longestNote) => {
  const need = (right, cause) => demand(right, `${where}: ${cause}`)
  need(bytes.length <= longest, 'longer than a note may be')
  const note = toText(bytes)
  need(note !== null, 'not UTF-8')
  need(!/[\0-\x09\x0b-\x1f]/.test(note), 'holds a control character')
  const at = note.lastIndexOf('\n\n')
  need(at >= 0, 'no blank line between text and signatures')
  need(note.endsWith('\n') && note.length > at + 2, 'the last signature line is missing or not ended')
  const lines = note.slice(at + 2, -1).split('\n')
  need(lines.length <= mostSignatures, `more than ${mostSignatures} signatures`)
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? []
    const blob = fromBase64(encoded ?? '')
    need(isKeyName(name ?? '') && blob?.length >= 5, 'a line after the last blank line is not a signature')
    return { name, id: blob.subarray(0, 4), signature: blob.subarray(4) }
  })
  return { text: note.slice(0, at + 1), signatures }
}

/** The text of a note, once a signature by the key is right and none by it is wrong. */
export const openNote = (bytes, key, where, longest = longestNote) => {
  const { text, signatures } = splitNote(bytes, where, longest)
  const own = signatures.filter(({ name, id }) => name === key.name && equal(id, key.id))
  for (const { signature } of own) {
    const right = key.key.verifies(fromText(text), signature)
    demand(right, `${where}: the signature of ${key.name} is wrong: the text was changed or another key signed it`)
  }
  demand(own.length > 0, `${where}: not signed by ${key.name}+${toHex(key.id)}`)
  return text
}

/** A number of entries in decimal digits, or null. */
export const parseSize = (text) => {
  const size = /^(0|[1-9][0-9]{0,15})$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(size) ? size : null
}

/** `{ size, root, bytes }` of a signed head. */
export const openCheckpoint = (bytes, key, where) => {
  const lines = openNote(bytes, key, where).split('\n')
  demand(lines.length === 4, `${where}: a checkpoint has exactly three lines`)
  const [origin, written, encoded] = lines
  demand(origin === key.name, `${where}: its origin is \`${origin}\`, the key's name is \`${key.name}\``)
  const size = parseSize(written)
  demand(size !== null, `${where}: \`${written}\` is not a number of entries`)
  const root = fromBase64(encoded)
  demand(root?.length === 32, `${where}: the root is not 32 bytes in base64`)
  return { size, root, bytes }
}
