// Reads an entry: one JSON value in the only form there is (docs/ledger-format.md, "Canonical form"). Whatever could
// have been written otherwise is refused while reading, so that nothing needs to be written again to compare.

import { toText } from './bytes.js'

/** Not in canonical form; `at` is where in the text. */
export class NotCanonical extends Error {
  constructor(cause, at) {
    super(`${cause} at character ${at}`)
  }
}

/** No entry is nested deeper; it keeps a stranger's bytes from exhausting the stack. */
const deepest = 16

const shortEscapes = { '"': '"', '\\': '\\', b: '\b', t: '\t', n: '\n', f: '\f', r: '\r' }
const plainText = /[^"\\\0-\x1f]*/y
const notPlain = /[\\\0-\x1f]/
const mostDigits = 16
const words = [['true', true], ['false', false]]

const codeOf = (letter) => letter.charCodeAt(0)
const [quote, backslash, comma, colon, zero, nine] = [...'"\\,:09'].map(codeOf)
const [listStart, listEnd, objectStart, objectEnd] = [...'[]{}'].map(codeOf)
/** What would make another kind of number of the digits before. */
const moreOfNumber = new Set([...'.eE'].map(codeOf))

/** By code point, as UTF-8 bytes sort. */
const comesBefore = (one, other) => {
  const shorter = Math.min(one.length, other.length)
  for (let at = 0; at < shorter; at++) {
    if (one[at] === other[at]) continue
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)]
    // Surrogates stand for what comes after all other characters.
    const [high, low] = [a >= 0xd800 && a <= 0xdfff, b >= 0xd800 && b <= 0xdfff]
    return high === low ? a < b : low
  }
  return one.length < other.length
}

class Reader {
  constructor(text) {
    this.text = text
    this.at = 0
  }

  fail(cause) {
    throw new NotCanonical(cause, this.at)
  }

  get code() {
    return this.text.charCodeAt(this.at)
  }

  take(code) {
    if (this.code !== code) this.fail(`${JSON.stringify(String.fromCharCode(code))} is missing`)
    this.at++
  }

  /** Passes over a letter, if it is there. */
  skip(code) {
    const found = this.code === code
    if (found) this.at++
    return found
  }

  match(pattern) {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  value(depth = 0) {
    if (depth > deepest) this.fail('too deeply nested')
    switch (this.code) {
      case quote:
        return this.string()
      case objectStart:
        return this.object(depth)
      case listStart:
        return this.list(depth)
    }
    for (const [word, value] of words) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length
        return value
      }
    }
    return this.number()
  }

  number() {
    const start = this.at
    let value = 0
    // The digit is taken first, so that no sum on the way is larger than the number itself.
    for (let code = this.code; code >= zero && code <= nine; code = this.code) {
      value = 10 * value + (code - zero)
      this.at++
    }
    const digits = this.at - start
    const more = this.text.charCodeAt(start) === zero && digits > 1
    if (digits < 1 || digits > mostDigits || more || !Number.isSafeInteger(value) || moreOfNumber.has(this.code)) {
      this.at = start
      this.fail('no value of the canonical form')
    }
    return value
  }

  string() {
    this.take(quote)
    // Nearly every text ends at the next quotation mark, with nothing in it that is escaped.
    const end = this.text.indexOf('"', this.at)
    const whole = this.text.slice(this.at, Math.max(end, this.at))
    if (end >= 0 && !notPlain.test(whole)) {
      this.at = end + 1
      return whole
    }
    let text = ''
    for (;;) {
      text += this.match(plainText)
      if (this.skip(quote)) return text
      this.take(backslash)
      const kind = this.text[this.at++]
      if (shortEscapes[kind] !== undefined) {
        text += shortEscapes[kind]
        continue
      }
      const digits = this.match(/00[01][0-9a-f]/y)
      const letter = kind === 'u' && digits ? String.fromCharCode(parseInt(digits, 16)) : ''
      if (letter === '' || '\b\t\n\f\r'.includes(letter)) this.fail('an escape that is not the canonical one')
      text += letter
    }
  }

  list(depth) {
    const values = []
    this.at++
    if (this.skip(listEnd)) return values
    for (;;) {
      values.push(this.value(depth + 1))
      if (this.skip(listEnd)) return values
      this.take(comma)
    }
  }

  object(depth) {
    const fields = new Map()
    this.at++
    if (this.skip(objectEnd)) return fields
    let before = null
    for (;;) {
      const key = this.string()
      if (before !== null && !comesBefore(before, key)) this.fail('keys out of order, or one that is there twice,')
      before = key
      this.take(colon)
      fields.set(key, this.value(depth + 1))
      if (this.skip(objectEnd)) return fields
      this.take(comma)
    }
  }
}

/** The value: numbers, strings, booleans, arrays, and a Map for each object. Throws NotCanonical. */
export const readCanonical = (bytes) => {
  const text = toText(bytes)
  if (text === null) throw new NotCanonical('not UTF-8', 0)
  const reader = new Reader(text)
  const value = reader.value()
  if (reader.at !== text.length) reader.fail('something follows the value')
  return value
}

/** Writes a value that `readCanonical` gave. */
export const writeCanonical = (value) => {
  if (Array.isArray(value)) return `[${value.map(writeCanonical).join(',')}]`
  if (value instanceof Map) {
    return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${writeCanonical(one)}`).join(',')}}`
  }
  return JSON.stringify(value)
}
