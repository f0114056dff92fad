// The kinds of entries and the form of each. A form says what is wrong with a value, or nothing.

import { Fault } from './bytes.js'
import { NotCanonical, readCanonical } from './canonical.js'

const longestEntry = 8000
export const largestCell = 999_999_999
const u32 = 2 ** 32

/** Cells that are no number. Their order is the one the counting rule asks for, behind all numbers. */
export const absent = -1
export const illegible = -2
export const blank = -3
export const cellWords = { absent, illegible, blank }

const isNumber = (limit) => (value) => (typeof value === 'number' && value < limit ? null : 'no number in its range')
const matches = (pattern, what) => (value) => (typeof value === 'string' && pattern.test(value) ? null : what)

const text = (value) => (typeof value === 'string' ? null : 'no text')
const flag = (value) => (typeof value === 'boolean' ? null : 'neither true nor false')
const index = isNumber(Number.MAX_SAFE_INTEGER + 1)
const below32 = isNumber(u32)
export const identifier = matches(/^(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}$/, 'no identifier')
export const hash = matches(/^[0-9a-f]{64}$/, 'no hash')
const code = matches(/^[a-z0-9/-]{1,64}$/, 'no code')
const cell = (value) =>
  typeof value === 'string' ? (Object.hasOwn(cellWords, value) ? null : 'no cell') : isNumber(largestCell + 1)(value)
const reader = (value) => {
  if (value === 'qr' || value === 'print') return null
  const [, kind, name] = /^(person|published):(.*)$/s.exec(value) ?? []
  if (typeof value !== 'string') return 'no reader'
  if (kind === 'person') return identifier(name)
  return kind === 'published' ? hash(name) : 'no reader'
}

const oneOf = (...words) => (value) => (words.includes(value) ? null : `none of ${words.join(', ')}`)

const listOf = (form) => (value) => {
  if (!Array.isArray(value)) return 'no list'
  for (const one of value) {
    const wrong = form(one)
    if (wrong) return wrong
  }
  return null
}

const mapOf = (keys, values, mayBeEmpty) => (value) => {
  if (!(value instanceof Map)) return 'no object'
  if (!mayBeEmpty && value.size === 0) return 'an empty object'
  for (const [key, one] of value) {
    const wrong = keys(key) ?? values(one)
    if (wrong) return wrong
  }
  return null
}

/** An object with exactly these fields; those of `may` may be missing. */
const object = (needed, may = {}, { mayBeEmpty = true } = {}) => {
  const names = Object.keys(needed)
  const forms = new Map([...Object.entries(may), ...Object.entries(needed)])
  return (value) => {
    if (!(value instanceof Map)) return 'no object'
    if (!mayBeEmpty && value.size === 0) return 'an empty object'
    for (const name of names) if (!value.has(name)) return `without the field \`${name}\``
    for (const [name, one] of value) {
      const form = forms.get(name)
      if (!form) return `with the unknown field \`${name}\``
      const wrong = form(one)
      if (wrong) return `with \`${name}\` malformed: ${wrong}`
    }
    return null
  }
}

const decisions = {
  'accept-reading': { reading: index },
  'reject-sheet': { sheet: index },
  'move-sheet': { sheet: index, station: identifier },
  'withhold-sheet': { sheet: index },
  'not-installed': { station: identifier },
  withdraw: {},
}
const decisionForms = Object.fromEntries(
  Object.entries(decisions).map(([name, fields]) => [name, object({ do: text, ...fields })]),
)
const decision = (value) => {
  const kind = value instanceof Map ? value.get('do') : undefined
  return Object.hasOwn(decisionForms, kind) ? decisionForms[kind](value) : 'no known decision'
}

const all = { type: text, v: below32 }
const read = { ...all, reader }
const readMay = { row: index, sheet: index, step: code }
const failure = object({ ...read, failure: code }, readMay)
const numbers = object(
  { ...read, contest: identifier, detail: oneOf('selection', 'candidate'), station: identifier, votes: listOf(cell) },
  {
    ...readMay,
    prev: index,
    other: mapOf(identifier, cell, false),
    stated: object({}, { cast: cell, registered: cell, valid: cell }, { mayBeEmpty: false }),
  },
)
const reading = (value) => {
  const published = String(value.get('reader')).startsWith('published:')
  if (published !== value.has('row') || published === value.has('sheet')) {
    return 'one by a results file has `row`, every other has `sheet`'
  }
  return value.has('failure') ? failure(value) : numbers(value)
}

const area = (value) => (Array.isArray(value) && value.length === 4 ? listOf(below32)(value) : 'no rectangle')
const page = object({ commitment: hash, height: below32, width: below32, masked: listOf(area), media: text, rendition: hash })

const arrived = {
  ...all,
  source: oneOf('signed', 'custody', 'public'),
  time: (value) => index(value) ?? (value % 600 === 0 ? null : 'no multiple of 600'),
}
const intakes = {
  1: object({ ...arrived, commitments: listOf(hash) }),
  2: object({ ...arrived, pictures: listOf(object({ original: hash, pixels: hash })) }),
}

const admission = object({ ...all, name: identifier, public: text, role: oneOf('adjudicator') })
const keyChanges = {
  recovery: object({ ...all, do: text, public: text }),
  rotate: object({ ...all, do: text, previous: text, public: text, signature: text }),
  revoke: object({ ...all, do: text, name: identifier }),
}
const keyChange = (value) =>
  Object.hasOwn(keyChanges, value.get('do')) ? keyChanges[value.get('do')](value) : 'no known change of keys'

// Proclaimed figures, with what their source states about shares.
const votes = mapOf(identifier, index, false)
const moment = matches(
  /^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(T([01][0-9]|2[0-3]):[0-5][0-9])?$/,
  'neither a day nor a minute',
)
const decimals = (value) => ([0, 1, 2].includes(value) ? null : 'none of 0, 1, 2')
const hundredths = (value, places) =>
  below32(value) ?? (value % 10 ** (2 - places) === 0 ? null : 'more digits than were stated')
/** An object with `decimals` and shares with at most so many; `shares` gives them. */
const stated = (form, shares) => (value) => {
  const wrong = form(value)
  if (wrong) return wrong
  for (const share of shares(value)) {
    const bad = hundredths(share, value.get('decimals'))
    if (bad) return bad
  }
  return null
}
const share = { decimals, hundredths: below32 }
const percentForm = object(
  { decimals, each: mapOf(identifier, below32, true) },
  { of: oneOf('valid', 'cast'), rest: below32 },
)
const percentShares = (value) => [...value.get('each').values(), ...(value.has('rest') ? [value.get('rest')] : [])]
const percent = (value) =>
  stated(percentForm, percentShares)(value) ?? (percentShares(value).length > 0 ? null : 'without any share')
const oneShare = (value) => [value.get('hundredths')]
const official = object(
  { ...all, bulletin: identifier, contest: identifier, document: hash, source: code },
  {
    announced: moment,
    cast: index,
    valid: index,
    coverage: stated(object(share, { of: oneOf('registered', 'stations') }), oneShare),
    other: votes,
    percent,
    place: object({ code: identifier, level: identifier }),
    prev: index,
    registered: index,
    registered_counted: index,
    rest: index,
    stations: index,
    stations_counted: index,
    turnout: stated(object(share), oneShare),
    urls: (value) => listOf(hash)(value) ?? (value.length > 0 ? null : 'an empty list'),
    votes,
  },
)

const auditSteps = {
  list: object({ act: text, contest: identifier, document: hash }, { after: index }),
  seed: object({ act: text, list: index, seed: matches(/^[0-9]{1,64}$/, 'not 1 to 64 digits') }),
  record: object(
    { act: text, against: oneOf('archive', 'paper', 'official'), list: index, station: identifier },
    { found: listOf(cell), other: mapOf(identifier, cell, false) },
  ),
}
const auditStep = (value) => {
  const act = value instanceof Map ? value.get('act') : undefined
  const wrong = Object.hasOwn(auditSteps, act) ? auditSteps[act](value) : 'no known step'
  return wrong ?? (value.has('other') && !value.has('found') ? 'with `other` and without `found`' : null)
}
const auditForm = object({ ...all, step: auditStep }, { prev: index })
const audit = (value) =>
  auditForm(value) ?? (value.has('prev') && value.get('step').get('act') !== 'record' ? 'with `prev` and no record' : null)

/** Versions of each type that has others than 1. */
const versions = { intake: [1, 2], key: [1, 2] }

const forms = {
  election: object({
    ...all,
    counting: object({
      people: (value) => (value === 1 ? 'not allowed to be 1' : below32(value)),
      qr_from_custody: flag,
      signatures: (value) => (value === 0 ? 'not allowed to be 0' : below32(value)),
      single_published: flag,
    }),
    definition: hash,
    origin: text,
    pack: hash,
    readers: mapOf(text, text, true),
    register: hash,
    register_origin: oneOf('list', 'results'),
  }),
  register: object({ ...all, document: hash, origin: oneOf('list', 'results') }),
  intake: (value) => intakes[value.get('v')](value),
  mask: object(
    { ...all, masked: listOf(area), page: below32, reason: code, rendition: hash, sheet: index },
    { prev: index },
  ),
  sheet: object({ ...all, intake: index, pages: listOf(page) }),
  reading,
  ruling: object(
    { ...all, decision, reason: text, signatures: listOf(object({ key: identifier, signature: text })) },
    { prev: index },
  ),
  key: (value) => (value.get('v') === 1 ? admission(value) : keyChange(value)),
  official,
  audit,
  anchor: object({ ...all, document: hash, kind: oneOf('rfc3161', 'opentimestamps'), size: index }),
}

/** The entry with this index as a Map; a Fault where it is not one, which ends the verification. */
export const parseEntry = (bytes, at) => {
  const fail = (cause) => {
    throw new Fault(`entry ${at}: ${cause}`)
  }
  if (bytes.length > longestEntry) fail(`has ${bytes.length} bytes; at most ${longestEntry} are allowed`)
  let entry
  try {
    entry = readCanonical(bytes)
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error
    fail(`is not in canonical form: ${error.message}`)
  }
  const type = entry instanceof Map ? entry.get('type') : undefined
  if (!Object.hasOwn(forms, type)) fail(`is of the unknown type \`${type}\``)
  if (!(versions[type] ?? [1]).includes(entry.get('v'))) fail(`is of type \`${type}\` in the unknown version ${entry.get('v')}`)
  const wrong = forms[type](entry)
  if (wrong) fail(`is of type \`${type}\` ${wrong.startsWith('with') ? wrong : `and ${wrong}`}`)
  return entry
}

