// Reads TOML 1.0, strictly: what other verifiers refuse is refused here too. Whole numbers become BigInt, so that 1.0 is not
// taken for 1; tables have no prototype, so that any key is a key.

/** Not TOML 1.0; `line` counts from 1. */
export class NotToml extends Error {
  constructor(cause, line) {
    super(`line ${line}: ${cause}`)
  }
}

/** A day or a time: nothing that a verifier reads is one, so only its form matters. */
export class TomlTime {}

const deepest = 100
const forbidden = /[\0-\x08\x0b-\x1f\x7f]/
const bareKey = /[A-Za-z0-9_-]+/y
const blanks = /[ \t]*/y
const comment = /#[^\n]*/y
const word = /[^\s,\]}#]+/y
const integer = /^(?:[+-]?(?:0|[1-9](?:_?[0-9])*)|0x[0-9A-Fa-f](?:_?[0-9A-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*)$/
const float = /^[+-]?(?:(?:0|[1-9](?:_?[0-9])*)(?:\.[0-9](?:_?[0-9])*)?(?:[eE][+-]?[0-9](?:_?[0-9])*)?|inf|nan)$/
const clock = '(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?'
const day = '[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])'
const time = new RegExp(`(?:${day}(?:[Tt ]${clock}(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?)?|${clock})(?![0-9A-Za-z_:.+-])`, 'y')
const escapes = { b: '\b', t: '\t', n: '\n', f: '\f', r: '\r', '"': '"', '\\': '\\' }

const isDay = (text) => {
  const [year, month, date] = text.slice(0, 10).split('-').map(Number)
  if (date === undefined) return true
  return year > 0 && date <= new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}

class Reader {
  /** Tables that a header or an ended section has named: nothing is added to them by a later header or dotted key. */
  closed = new WeakSet()
  /** Tables made by dotted keys of the section that is being read. */
  open = new Set()
  /** Inline tables and all that is in them; arrays that are values. */
  frozen = new WeakSet()

  constructor(text) {
    this.text = text
    this.at = 0
  }

  fail(cause) {
    throw new NotToml(cause, this.text.slice(0, this.at).split('\n').length)
  }

  match(pattern) {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found !== undefined) this.at += found.length
    return found
  }

  take(text) {
    if (!this.text.startsWith(text, this.at)) this.fail(`${JSON.stringify(text)} is missing`)
    this.at += text.length
  }

  peek(text) {
    return this.text.startsWith(text, this.at)
  }

  /** Blanks, comments and line feeds. */
  skip() {
    do this.match(blanks)
    while (this.match(comment) !== undefined || (this.peek('\n') && ++this.at))
  }

  endOfLine() {
    this.match(blanks)
    this.match(comment)
    if (this.at < this.text.length) this.take('\n')
  }

  document() {
    const root = Object.create(null)
    let table = root
    for (;;) {
      this.skip()
      if (this.at === this.text.length) return root
      if (this.peek('[')) table = this.header(root)
      else this.pair(table)
      this.endOfLine()
    }
  }

  header(root) {
    for (const table of this.open) this.closed.add(table)
    this.open.clear()
    const isList = this.peek('[[')
    this.take(isList ? '[[' : '[')
    this.match(blanks)
    const key = this.key()
    this.take(isList ? ']]' : ']')
    let table = root
    for (const name of key.slice(0, -1)) table = this.enter(table, name)
    const last = key.at(-1)
    const there = table[last]
    if (isList) {
      if (there === undefined) table[last] = []
      else if (!Array.isArray(there) || this.frozen.has(there)) this.fail(`\`${last}\` is no list of tables`)
      const one = Object.create(null)
      table[last].push(one)
      this.closed.add(one)
      return one
    }
    if (there === undefined) table[last] = Object.create(null)
    else if (!this.isTable(there) || this.closed.has(there) || this.frozen.has(there)) this.fail(`\`${last}\` is there already`)
    this.closed.add(table[last])
    return table[last]
  }

  isTable(value) {
    return typeof value === 'object' && !Array.isArray(value) && !(value instanceof TomlTime)
  }

  /** The table below another on the way of a header, made where there is none. */
  enter(table, name) {
    const there = (table[name] ??= Object.create(null))
    const one = Array.isArray(there) && !this.frozen.has(there) ? there.at(-1) : there
    if (!this.isTable(one) || this.frozen.has(one)) this.fail(`\`${name}\` is no table to add to`)
    return one
  }

  /** `key = value` into a table; inside of an inline one at some depth. */
  pair(table, depth = 0) {
    const inline = depth > 0
    const key = this.key()
    this.take('=')
    this.match(blanks)
    let into = table
    for (const name of key.slice(0, -1)) {
      const there = (into[name] ??= Object.create(null))
      if (!this.isTable(there) || this.frozen.has(there) || (!inline && this.closed.has(there))) this.fail(`\`${name}\` is no table to add to`)
      if (!inline) this.open.add(there)
      into = there
    }
    const last = key.at(-1)
    const value = this.value(depth)
    if (last in into) this.fail(`\`${last}\` is there already`)
    into[last] = value
  }

  /** A dotted key, with the blanks after it. */
  key() {
    const names = []
    do {
      this.match(blanks)
      const name = this.peek('"') ? this.basic() : this.peek("'") ? this.literal() : this.match(bareKey)
      if (name === undefined) this.fail('a key is missing')
      names.push(name)
      this.match(blanks)
    } while (this.peek('.') && ++this.at)
    return names
  }

  value(depth) {
    if (depth > deepest) this.fail('too deeply nested')
    if (this.peek('"""')) return this.longBasic()
    if (this.peek("'''")) return this.longLiteral()
    if (this.peek('"')) return this.basic()
    if (this.peek("'")) return this.literal()
    if (this.peek('[')) return this.list(depth)
    if (this.peek('{')) return this.inlineTable(depth)
    const moment = this.match(time)
    if (moment !== undefined) {
      if (/^[0-9]{4}-/.test(moment) && !isDay(moment)) this.fail(`${moment} is no day`)
      return new TomlTime()
    }
    const found = this.match(word) ?? ''
    if (found === 'true' || found === 'false') return found === 'true'
    const plain = found.replaceAll('_', '')
    if (integer.test(found)) return plain.startsWith('-') ? -BigInt(plain.slice(1)) : BigInt(plain.replace('+', ''))
    if (float.test(found)) return Number(plain.replace('inf', 'Infinity').replace('nan', 'NaN'))
    return this.fail(`${JSON.stringify(found)} is no value`)
  }

  list(depth) {
    const values = []
    this.frozen.add(values)
    this.take('[')
    for (;;) {
      this.skip()
      if (this.peek(']')) break
      values.push(this.value(depth + 1))
      this.skip()
      if (!this.peek(',')) break
      this.at++
    }
    this.take(']')
    return values
  }

  inlineTable(depth) {
    const table = Object.create(null)
    this.take('{')
    this.match(blanks)
    if (!this.peek('}')) {
      for (;;) {
        this.pair(table, depth + 1)
        this.match(blanks)
        if (!this.peek(',')) break
        this.at++
        this.match(blanks)
      }
    }
    this.take('}')
    this.freeze(table)
    return table
  }

  freeze(table) {
    this.frozen.add(table)
    for (const one of Object.values(table)) if (this.isTable(one) && !this.frozen.has(one)) this.freeze(one)
  }

  literal() {
    this.take("'")
    const end = this.text.indexOf("'", this.at)
    const text = this.text.slice(this.at, end)
    if (end < 0 || text.includes('\n')) this.fail('a text is not ended')
    this.at = end + 1
    return text
  }

  basic() {
    this.take('"')
    let text = ''
    for (;;) {
      const letter = this.text[this.at++]
      if (letter === undefined || letter === '\n') this.fail('a text is not ended')
      if (letter === '"') return text
      text += letter === '\\' ? this.escape() : letter
    }
  }

  escape() {
    const kind = this.text[this.at++]
    if (Object.hasOwn(escapes, kind)) return escapes[kind]
    const digits = kind === 'u' ? this.match(/[0-9A-Fa-f]{4}/y) : kind === 'U' ? this.match(/[0-9A-Fa-f]{8}/y) : undefined
    const code = parseInt(digits, 16)
    if (!(code <= 0x10ffff) || (code >= 0xd800 && code <= 0xdfff)) this.fail('an escape that is none')
    return String.fromCodePoint(code)
  }

  /** The end of a long text: up to two more quotes belong to the text. */
  longEnd(quote) {
    let extra = ''
    this.take(quote.repeat(3))
    while (extra.length < 2 && this.peek(quote)) {
      extra += quote
      this.at++
    }
    return extra
  }

  longLiteral() {
    this.take("'''")
    if (this.peek('\n')) this.at++
    const end = this.text.indexOf("'''", this.at)
    if (end < 0) this.fail('a text is not ended')
    const text = this.text.slice(this.at, end)
    this.at = end
    return text + this.longEnd("'")
  }

  longBasic() {
    this.take('"""')
    if (this.peek('\n')) this.at++
    let text = ''
    for (;;) {
      if (this.peek('"""')) return text + this.longEnd('"')
      const letter = this.text[this.at++]
      if (letter === undefined) this.fail('a text is not ended')
      if (letter !== '\\') text += letter
      else if (this.match(/[ \t]*\n[ \t\n]*/y) === undefined) text += this.escape()
    }
  }
}

/** The table of a text. Throws NotToml. */
export const readTomlText = (text) => {
  // CR LF counts as a line feed; a CR alone does not, and is a control character like others.
  const plain = text.replaceAll('\r\n', '\n')
  const reader = new Reader(plain)
  const bad = forbidden.exec(plain)
  if (bad) {
    reader.at = bad.index
    reader.fail('a control character')
  }
  return reader.document()
}
