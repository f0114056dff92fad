// Totals as they are published, held against the visitor's own count: the tables of stations and units, and the tally of
// the whole, of each contest.

import { toText } from './bytes.js'
import { readCsv } from './csv.js'
import { absent, cellWords } from './entry.js'
import { whole } from './fold.js'

const words = Object.fromEntries(Object.entries(cellWords).map(([word, cell]) => [cell, word]))
const cellText = (cell) => (cell >= 0 ? String(cell) : cell === absent ? '' : words[cell])
const optional = (value) => (value === null || value === undefined ? '' : String(value))
const yesNo = (value) => (value ? 'yes' : 'no')

/** What the table of stations says of one: column to text. */
const stationRow = (count, contest, id) => {
  const { geography } = count.ledger
  const { state, reason, received, objected, counted } = count.statuses.get(contest).get(id)
  const station = geography.stations.get(id)
  const row = {
    station: id,
    registered: optional(station?.registered),
    status: state,
    reason,
    received: yesNo(received),
    objected: yesNo(objected),
    counted_reader: counted?.reader ?? '',
    counted_entry: optional(counted?.index),
    valid: counted ? cellText(counted.valid) : '',
  }
  const candidates = counted?.candidates
  contest.candidates.forEach((candidate, at) => (row[`votes.${candidate}`] = counted ? cellText(candidates[at]) : ''))
  contest.others.forEach((kind, at) => (row[`other.${kind}`] = counted ? cellText(counted.other[at]) : ''))
  for (const level of count.ledger.pack.unitLevels) row[`${level}_code`] = row[`${level}_name`] = ''
  for (let key = station?.unit ?? whole; key !== whole; key = geography.units.get(key).parent) {
    const { level, code, name } = geography.units.get(key)
    row[`${count.ledger.pack.unitLevels[level]}_code`] = code
    row[`${count.ledger.pack.unitLevels[level]}_name`] = name
  }
  return row
}

/** What the table of units says of one. */
const unitRow = (count, contest, key) => {
  const tally = count.tally(contest, key, '', { children: false })
  const { parent } = count.ledger.geography.units.get(key)
  const above = parent === null ? { level: '', code: '' } : count.unitName(parent)
  const row = { ...tally.unit, parent_level: above.level, parent_code: above.code, ...tally.stations }
  Object.assign(row, {
    registered_listed: tally.registered.listed,
    registered_in_counted: tally.registered.in_counted,
    valid: tally.valid,
  })
  for (const { id, votes } of tally.candidates) row[`votes.${id}`] = votes
  for (const { id, votes } of tally.others) row[`other.${id}`] = votes
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, optional(value)]))
}

/** Differences between a published table and the rows that should stand there. */
const compareTable = (bytes, keyOf, expected) => {
  const text = toText(bytes)
  if (text === null) return [{ where: '', field: '', published: 'no UTF-8', counted: '' }]
  const [header, ...rows] = readCsv(text)
  const columns = header?.fields ?? []
  const found = []
  const differs = (where, field, published, counted) => found.push({ where, field, published, counted })
  const seen = new Set()
  for (const { line, fields } of rows) {
    const row = Object.fromEntries(columns.map((column, at) => [column, fields[at] ?? '']))
    const key = keyOf(row)
    const counted = seen.has(key) ? undefined : expected.get(key)?.()
    if (!counted) {
      differs(`line ${line}`, '', key, seen.has(key) ? 'there already' : 'nothing')
      continue
    }
    seen.add(key)
    for (const [column, value] of Object.entries(counted)) {
      if (row[column] !== value) differs(key, column, row[column] ?? 'no such column', value)
    }
    for (const column of columns) if (!(column in counted)) differs(key, column, row[column], 'nothing')
  }
  for (const key of expected.keys()) if (!seen.has(key)) differs(key, '', 'nothing', 'a row')
  return found
}

/** Differences between two JSON values, each with the way to it. */
export const compareValues = (published, counted, where = '') => {
  const isObject = (value) => typeof value === 'object' && value !== null
  if (!isObject(published) || !isObject(counted) || Array.isArray(published) !== Array.isArray(counted)) {
    return Object.is(published, counted) ? [] : [{ where: '', field: where, published: JSON.stringify(published), counted: JSON.stringify(counted) }]
  }
  const names = new Set([...Object.keys(published), ...Object.keys(counted)])
  return [...names].flatMap((name) => compareValues(published[name], counted[name], where ? `${where}.${name}` : name))
}

/** In a mirror, the documents of units do not name the ledger's head. */
const compareJson = (bytes, expected, mayOmitLedger = false) => {
  try {
    const published = JSON.parse(toText(bytes))
    if (mayOmitLedger && published.ledger === undefined) delete expected.ledger
    return compareValues(published, expected)
  } catch {
    return [{ where: '', field: '', published: 'no JSON', counted: '' }]
  }
}

/** The documents of the units of a contest, where a site has them. */
function* unitDocuments(count, contest, root) {
  const first = contest === count.ledger.election.contests[0]
  const folder = first ? '' : `c/${contest.id}/`
  for (const key of count.ledger.geography.units.keys()) {
    const { level, code } = count.unitName(key)
    // A level that is called like a folder of the site has its address with `level-` before it.
    const names = key === whole ? ['index'] : [`${level}/${code}`, `level-${level}/${code}`]
    const compare = (bytes) => compareJson(bytes, count.tally(contest, key, root), key !== whole)
    yield { paths: names.map((name) => `${folder}${name}.json`), compare, may: true }
  }
}

/** The files of totals, each with how to find what differs in it; those that `may` be missing are no loss. */
export const publishedTotals = (count, root, everything = false) => {
  const files = []
  for (const contest of count.ledger.election.contests) {
    files.push({
      paths: [`data/${contest.id}/tally.json`],
      compare: (bytes) => compareJson(bytes, count.tally(contest, whole, root)),
    })
    files.push({
      paths: [`data/${contest.id}/units.csv`],
      compare: (bytes) => {
        const keys = [...count.ledger.geography.units.keys()]
        const name = (key) => (key === whole ? 'the whole' : `${count.unitName(key).level} ${count.unitName(key).code}`)
        const expected = new Map(keys.map((key) => [name(key), () => unitRow(count, contest, key)]))
        return compareTable(bytes, ({ level, code }) => (level ? `${level} ${code}` : 'the whole'), expected)
      },
    })
    files.push({
      paths: [`data/${contest.id}/stations.csv`],
      compare: (bytes) => {
        const expected = new Map([...count.ledger.known].map((id) => [id, () => stationRow(count, contest, id)]))
        return compareTable(bytes, ({ station }) => station ?? '', expected)
      },
    })
  }
  for (const contest of everything ? count.ledger.election.contests : []) files.push(...unitDocuments(count, contest, root))
  return files
}
