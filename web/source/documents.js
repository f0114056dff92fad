// The documents of entry 0: election file, pack, register.

import { readCsv } from './csv.js'
import { identifier, largestCell } from './entry.js'
import { toText } from './bytes.js'
import { NotToml, readTomlText, TomlTime } from './toml.js'

/** A document that breaks the rules, with what and where. */
export class BadDocument extends Error {}

/** `cause` may be a function: a register has many lines, and a text for each would be made for nothing. */
const expect = (right, cause) => {
  if (!right) throw new BadDocument(typeof cause === 'function' ? cause() : cause)
}

const u32 = 2n ** 32n
const i64 = 2n ** 63n

/** Whole numbers past 64 bits are none, wherever they stand. */
const checkNumbers = (value) => {
  if (typeof value === 'bigint') expect(value >= -i64 && value < i64, `${value} has more than 64 bits`)
  else if (typeof value === 'object') Object.values(value).forEach(checkNumbers)
}

const readToml = (bytes, what) => {
  const text = toText(bytes)
  expect(text !== null, `the ${what} is not UTF-8`)
  try {
    const table = readTomlText(text)
    checkNumbers(table)
    return table
  } catch (error) {
    if (!(error instanceof NotToml)) throw error
    throw new BadDocument(`the ${what} is not TOML 1.0: ${error.message}`)
  }
}

const isTable = (value) => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof TomlTime)

const expectFields = (table, where, needed, may = []) => {
  expect(isTable(table), `${where} is not a table`)
  for (const name of needed) expect(Object.hasOwn(table, name), `${where}: \`${name}\` is missing`)
  for (const name of Object.keys(table)) {
    expect(needed.includes(name) || may.includes(name), `${where}: \`${name}\` is unknown`)
  }
}

const expectIdentifier = (value, where) => expect(!identifier(value), `${where}: \`${value}\` is no identifier`)

/** A list of tables with these fields and different identifiers as `id`. */
const tables = (raw, name, needed, may = []) => {
  const found = Object.hasOwn(raw, name) ? raw[name] : []
  expect(Array.isArray(found), `\`${name}\` is not a list`)
  const ids = found.map((one) => {
    expectFields(one, name, needed, may)
    expectIdentifier(one.id, name)
    return one.id
  })
  expect(new Set(ids).size === ids.length, `${name}: one of \`${ids.join(', ')}\` is there twice`)
  return { found, ids }
}

const isText = (value) => typeof value === 'string'

/** The same text in every language, or one for each. */
const expectLocalText = (value, where) =>
  expect(isText(value) || (isTable(value) && Object.values(value).every(isText)), `\`${where}\` is no text`)

const asUtf8 = (one, other) => {
  const [a, b] = [[...one], [...other]]
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return a[at].codePointAt(0) - b[at].codePointAt(0)
  }
  return a.length - b.length
}

export const inLanguage = (text, language) => {
  if (isText(text)) return text
  if (Object.hasOwn(text, language)) return text[language]
  const [first] = Object.keys(text).sort(asUtf8)
  return first === undefined ? '' : text[first]
}

const optional = (table, name, otherwise) => (Object.hasOwn(table, name) ? table[name] : otherwise)
const isBelow = (value, limit) => typeof value === 'bigint' && value >= 0n && value < limit

const readContest = (raw) => {
  expectLocalText(raw.title, 'contest.title')
  const candidates = tables(raw, 'candidates', ['id', 'name'], ['short', 'color'])
  expect(candidates.ids.length > 0, `contest ${raw.id} has no candidates`)
  for (const one of candidates.found) {
    expectLocalText(one.name, 'candidates.name')
    const color = optional(one, 'color', '#000000')
    expect(isText(optional(one, 'short', '')), 'candidates: `short` is no text')
    expect(isText(color) && /^#[0-9A-Fa-f]{6}$/.test(color), 'candidates: `color` is not `#rrggbb`')
  }
  const selections = tables(raw, 'selections', ['id', 'candidate'], ['name'])
  // Of each line of the ballot, its candidate.
  let lines = selections.found.map((one) => {
    expectLocalText(optional(one, 'name', ''), 'selections.name')
    const candidate = candidates.ids.indexOf(one.candidate)
    expect(candidate >= 0, `selection ${one.id} is for an unknown candidate`)
    return candidate
  })
  if (lines.length === 0) lines = candidates.ids.map((_, at) => at)
  expect(['valid', 'cast'].includes(optional(raw, 'share_of', 'valid')), '`share_of` is neither `valid` nor `cast`')
  const ways = optional(raw, 'outright', [])
  expect(Array.isArray(ways), '`outright` is not a list')
  for (const way of ways) {
    expectFields(way, 'outright', [], ['above', 'at_least', 'lead'])
    expect(Object.hasOwn(way, 'above') !== Object.hasOwn(way, 'at_least'), 'outright: either `above` or `at_least` is expected')
    expect(Object.values(way).every((one) => isBelow(one, 10_001n)), 'outright: a share is at most 10000')
  }
  const others = tables(raw, 'others', ['id', 'title'])
  for (const one of others.found) expectLocalText(one.title, 'others.title')
  return {
    id: raw.id,
    title: raw.title,
    candidates: candidates.ids,
    names: candidates.found.map(({ name }) => name),
    lines,
    linesOf: candidates.ids.map((_, who) => lines.flatMap((candidate, at) => (candidate === who ? [at] : []))),
    others: others.ids,
  }
}

export const readElection = (bytes) => {
  const raw = readToml(bytes, 'election file')
  expectFields(raw, 'election file', ['id', 'title', 'date', 'place'], ['declared', 'contest'])
  expectIdentifier(raw.id, 'election file')
  expectLocalText(raw.title, 'title')
  expectLocalText(raw.place, 'place')
  expect(isText(raw.date) && /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(raw.date), '`date` is not YYYY-MM-DD')
  const declared = optional(raw, 'declared', {})
  expectFields(declared, 'declared', [], ['stations', 'registered', 'source'])
  const stations = optional(declared, 'stations', 0n)
  const registered = optional(declared, 'registered', null)
  expect(isBelow(stations, u32) && (registered === null || isBelow(registered, i64)), '`declared` holds something that is no number')
  expectLocalText(optional(declared, 'source', ''), 'declared.source')
  const contests = tables(raw, 'contest', ['id', 'title', 'candidates'], ['selections', 'others', 'outright', 'share_of']).found.map(readContest)
  expect(contests.length > 0, 'the election file has no contest')
  return {
    id: raw.id,
    title: raw.title,
    place: raw.place,
    declaredStations: Number(stations),
    declaredRegistered: registered === null ? null : Number(registered),
    contests,
  }
}

export const checkCodes = ['E101', 'E102', 'E103', 'E104', 'W201', 'W202', 'W203', 'W204']

/** What the fold needs of a pack. */
export const readPack = (bytes) => {
  const raw = readToml(bytes, 'pack')
  expect(optional(raw, 'format', null) === 1n, "the pack's `format` is not 1")
  const languages = optional(raw, 'languages', [])
  expect(Array.isArray(languages) && languages.length > 0 && languages.every(isText), 'the pack names no languages')
  const levels = tables(raw, 'level', ['id', 'name', 'plural'])
  expect(levels.ids.length >= 1 && levels.ids.length <= 20, 'a pack has 1 to 20 levels')
  for (const one of levels.found) {
    expectLocalText(one.name, 'level.name')
    expectLocalText(one.plural, 'level.plural')
  }
  const checks = optional(raw, 'check', {})
  expectFields(checks, 'check', [], checkCodes)
  const tolerance = Object.fromEntries(checkCodes.map((code) => [code, 0]))
  for (const [code, setting] of Object.entries(checks)) {
    expectFields(setting, `check.${code}`, [], ['tolerance', 'on'])
    const [allowed, on] = [optional(setting, 'tolerance', 0n), optional(setting, 'on', true)]
    expect(isBelow(allowed, u32) && typeof on === 'boolean', `check.${code} is malformed`)
    tolerance[code] = on ? Number(allowed) : Infinity
  }
  return { language: languages[0], unitLevels: levels.ids.slice(0, -1), stationLevel: levels.ids.at(-1), tolerance }
}

/** Rows as `{ station, registered, path }`; `path` holds `{ level, code, name }` from the widest unit down. */
export const readRegister = (bytes, pack) => {
  const text = toText(bytes)
  expect(text !== null, 'the register is not UTF-8')
  const [header, ...lines] = readCsv(text)
  const wanted = ['station', 'registered', ...pack.unitLevels.flatMap((level) => [level, `${level}_name`])]
  const columns = header?.fields ?? []
  const same = [...columns].sort().join('\n') === [...wanted].sort().join('\n')
  expect(same, `the register's columns are ${columns.join(', ')}; expected are ${wanted.join(', ')}`)
  const [stationAt, registeredAt, ...unitsAt] = wanted.map((name) => columns.indexOf(name))
  return lines.map(({ line, fields }) => {
    const demand = (right, cause) => expect(right, () => `the register, line ${line}: ${cause()}`)
    demand(fields.length === columns.length, () => `${fields.length} fields, the header has ${columns.length}`)
    const station = fields[stationAt]
    const registered = fields[registeredAt]
    demand(!identifier(station), () => `\`${station}\` is no identifier`)
    const isNumber = /^(\+?[0-9]+)?$/.test(registered) && Number(registered) <= largestCell
    demand(isNumber, () => `\`${registered}\` is no number of voters`)
    const path = []
    for (let level = 0; level < pack.unitLevels.length; level++) {
      const code = fields[unitsAt[2 * level]]
      if (code === '') continue
      demand(!identifier(code), () => `\`${code}\` is no identifier of a unit`)
      path.push({ level, code, name: fields[unitsAt[2 * level + 1]] })
    }
    demand(path.length > 0 || pack.unitLevels.length === 0, () => 'it names no unit')
    return { station, registered: registered === '' ? null : Number(registered), path }
  })
}
