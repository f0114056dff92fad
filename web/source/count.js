// The fold, second part: what follows from the entries for each station, each unit and the whole.

import { demand } from './bytes.js'
import { checkCodes, inLanguage } from './documents.js'
import { absent } from './entry.js'
import { differ, whole } from './fold.js'

const isKnown = (cell) => cell >= 0
const sum = (numbers) => numbers.reduce((total, one) => total + one, 0)

const number = (cell) => (isKnown(cell) ? cell : null)

/** The sum of the known among `cells`, how many are, and how many say anything at all. */
const addCells = (cells) => {
  const found = { sum: 0, known: 0, said: 0 }
  for (const cell of cells) {
    if (cell !== absent) found.said++
    if (!isKnown(cell)) continue
    found.known++
    found.sum += cell
  }
  return found
}

/** Whether only one candidate has votes. */
const isUnanimous = ({ votes, byLine, contest }) => {
  let only = null
  for (let at = 0; at < votes.length; at++) {
    if (votes[at] <= 0) continue
    const candidate = byLine ? contest.lines[at] : at
    if (only !== null && only !== candidate) return false
    only = candidate
  }
  return only !== null
}

/** `{ code, found, expected }` of the checks that a reading fails. */
export const findings = (ledger, reading) => {
  const { tolerance } = ledger.pack
  const registered = ledger.geography.stations.get(reading.station)?.registered ?? null
  const [votes, others] = [addCells(reading.votes), addCells(reading.other)]
  const valid = votes.known === reading.votes.length ? votes.sum : null
  const total = valid !== null && others.known === others.said ? valid + others.sum : null
  const statedCast = number(reading.statedCast)
  const cast = statedCast !== null && total !== null ? Math.max(statedCast, total) : (statedCast ?? total)
  const found = []
  const compare = (code, one, other) => {
    if (one !== null && other !== null && Math.abs(one - other) > tolerance[code]) {
      found.push({ code, found: one, expected: other })
    }
  }
  compare('E101', valid, number(reading.statedValid))
  if (cast !== null && registered !== null && cast > registered) compare('E102', cast, registered)
  compare('E103', total, statedCast)
  compare('E104', votes.known + others.known, reading.votes.length + others.said)
  if (total === 0) compare('W201', 0, 1)
  if (registered !== null && registered >= 20 && cast === registered) compare('W202', cast, registered - 1)
  if (valid !== null && valid >= 20 && isUnanimous(reading)) compare('W203', valid, valid - 1)
  compare('W204', number(reading.statedRegistered), registered)
  return found.sort((one, other) => checkCodes.indexOf(one.code) - checkCodes.indexOf(other.code))
}

const passes = (ledger, reading) => !findings(ledger, reading).some(({ code }) => code.startsWith('E'))

const countableReasons = ['from-code', 'from-people', 'from-published']
const heldReasons = ['fails-check', 'needs-second-reader', 'only-published', 'only-print']
const heldByKind = { qr: heldReasons[1], person: heldReasons[1], published: heldReasons[2], print: heldReasons[3] }

const countable = (rule, reading, passing, people) => {
  if (reading.kind === 'qr' && passing && rule.qr_from_custody) return countableReasons[0]
  if (reading.kind === 'person' && passing && rule.people > 0 && people >= rule.people) return countableReasons[1]
  if (reading.kind === 'published' && rule.single_published) return countableReasons[2]
  return null
}

/** A number before a greater one, all numbers before absent, that before illegible, that before blank. */
const compareCells = (one, other) => (isKnown(one) && isKnown(other) ? one - other : other - one)

const compareRank = (one, other) => {
  const byReason = countableReasons.indexOf(one.reason) - countableReasons.indexOf(other.reason)
  if (byReason !== 0) return byReason
  const [a, b] = [one.reading, other.reading]
  if (a.byLine !== b.byLine) return a.byLine ? -1 : 1
  const cells = (reading) =>
    [...reading.votes, ...reading.other, reading.statedValid, reading.statedCast, reading.statedRegistered]
  const [these, those] = [cells(a), cells(b)]
  for (let at = 0; at < these.length; at++) {
    const order = compareCells(these[at], those[at])
    if (order !== 0) return order
  }
  return a.index - b.index
}

/** State, reason and more of a contest at a station, by the counting rule. */
const decide = (ledger, contest, station, readings, sheets) => {
  const contradicted = sheets.some((sheet) => sheet.contradicted)
  const standing = sheets.filter((sheet) => sheet.inCustody && !sheet.rejected)
  const received = standing.length > 0
  const evidence = readings.filter(({ sheet }) => !sheet?.rejected)
  const custody = evidence.filter(({ sheet }) => !sheet || sheet.inCustody)
  const status = (state, reason = '', counted = null, objected = false) => ({ state, reason, received, objected, counted })

  if (!ledger.geography.stations.has(station)) {
    return custody.length > 0 || received ? status('held', 'not-in-register') : status('awaited')
  }
  const ruled = ledger.rulingsOn(ledger.resultOf(contest, station))
  if (ruled.length > 1) return status('disputed', 'rulings-differ')
  if (ruled.length === 1) {
    const { decision } = ledger.inForce.get(ruled[0])
    if (decision.do === 'not-installed') return status('not-installed')
    const accepted = ledger.readings.get(decision.reading)
    if (contradicted || !evidence.includes(accepted)) return status('disputed', 'rulings-differ')
    const objected = evidence.some((one) => one.index > ruled[0] && differ(one, accepted))
    return status('counted', 'by-ruling', accepted, objected)
  }
  if (contradicted) return status('disputed', 'rulings-differ')
  if (custody.some((one, at) => custody.slice(at + 1).some((other) => differ(one, other)))) {
    return status('disputed', 'readings-differ')
  }
  const passing = new Map(custody.map((one) => [one, passes(ledger, one)]))
  const people = new Set(custody.filter((one) => one.kind === 'person' && passing.get(one)).map(({ reader }) => reader)).size
  const candidates = custody
    .map((reading) => ({ reading, reason: countable(ledger.rule, reading, passing.get(reading), people) }))
    .filter(({ reason }) => reason)
    .sort(compareRank)
  if (candidates.length > 0) {
    const [{ reading, reason }] = candidates
    return status('counted', reason, reading, evidence.some((one) => one !== reading && differ(one, reading)))
  }
  if (custody.length > 0) {
    const held = custody.map((one) => (passing.get(one) ? heldByKind[one.kind] : heldReasons[0]))
    return status('held', heldReasons[Math.max(...held.map((reason) => heldReasons.indexOf(reason)))])
  }
  if (received) return status(standing.every((sheet) => sheet.state === 'unreadable') ? 'unreadable' : 'received')
  return evidence.length > 0 ? status('held', 'only-public') : status('awaited')
}

const totalNames = [
  'listed', 'received', 'counted', 'disputed', 'held', 'unread', 'unreadable', 'not_installed', 'awaited', 'objected',
  'incomplete', 'registered_listed', 'registered_in_counted', 'counted_unknown',
]
const stateTotals = { received: 'unread', 'not-installed': 'not_installed' }

const votesOf = (contest, reading) => {
  const votes = new Array(contest.candidates.length + contest.others.length).fill(0)
  reading?.votes.forEach((cell, at) => {
    if (isKnown(cell)) votes[reading.byLine ? contest.lines[at] : at] += cell
  })
  reading?.other.forEach((cell, at) => {
    if (isKnown(cell)) votes[contest.candidates.length + at] += cell
  })
  return votes
}

/** Adds to what stands in a unit what one station, which may be in no register, is to it. */
const addStation = ({ totals, votes }, contest, station, { state, received, objected, counted }) => {
  const registered = station?.registered ?? null
  if (station) totals.listed++
  if (received) totals.received++
  totals.registered_listed += registered ?? 0
  if (state !== 'awaited' || station) totals[stateTotals[state] ?? state]++
  if (!counted) return
  if (objected) totals.objected++
  if (!counted.votes.every(isKnown)) totals.incomplete++
  totals.registered_in_counted += registered ?? 0
  if (registered === null) totals.counted_unknown++
  votesOf(contest, counted).forEach((number, at) => (votes[at] += number))
}

const addTo = (map, key, value) => {
  const values = map.get(key)
  if (values) values.push(value)
  else map.set(key, [value])
}

export class Count {
  /** Works out what follows from a ledger; `pause` is awaited now and then. */
  static async of(ledger, pause = async () => {}) {
    const count = new Count(ledger)
    for (const contest of ledger.election.contests) {
      const readings = count.readings.get(contest)
      const statuses = new Map()
      for (const station of ledger.known) {
        const [own, sheets] = [readings.get(station) ?? [], [...(count.sheets.get(station) ?? [])]]
        statuses.set(station, decide(ledger, contest, station, own, sheets))
        if (statuses.size % 32 === 0) await pause()
      }
      count.statuses.set(contest, statuses)
      count.units.set(contest, count.addUp(contest))
    }
    return count
  }

  constructor(ledger) {
    this.ledger = ledger
    /** Contest to station to readings that nothing superseded. */
    this.readings = new Map(ledger.election.contests.map((contest) => [contest, new Map()]))
    /** Station to its sheets. */
    this.sheets = new Map()
    this.statuses = new Map()
    /** Contest to unit to `{ totals, votes }`. */
    this.units = new Map()
    for (const reading of ledger.readings.values()) {
      if (reading.superseded) continue
      addTo(this.readings.get(reading.contest), reading.station, reading)
      if (reading.sheet) this.place(reading.sheet, reading.station)
    }
    for (const sheet of ledger.sheets.values()) if (sheet.movedTo !== null) this.place(sheet, sheet.movedTo)
    /** Unit to what is directly below. */
    this.unitsBelow = new Map()
    this.stationsBelow = new Map()
    for (const [key, { parent }] of ledger.geography.units) if (key !== whole) addTo(this.unitsBelow, parent, key)
    for (const [id, { unit }] of ledger.geography.stations) addTo(this.stationsBelow, unit, id)
  }

  place(sheet, station) {
    if (!this.sheets.has(station)) this.sheets.set(station, new Set())
    this.sheets.get(station).add(sheet)
  }

  addUp(contest) {
    const { geography } = this.ledger
    const width = contest.candidates.length + contest.others.length
    const units = new Map()
    for (const key of geography.units.keys()) {
      units.set(key, { totals: Object.fromEntries(totalNames.map((name) => [name, 0])), votes: new Array(width).fill(0) })
    }
    for (const [id, status] of this.statuses.get(contest)) {
      const station = geography.stations.get(id)
      addStation(units.get(station?.unit ?? whole), contest, station, status)
    }
    // A unit comes before all that is below it.
    for (const [key, { parent }] of [...geography.units].reverse()) {
      if (key === whole) continue
      const [from, to] = [units.get(key), units.get(parent)]
      for (const name of totalNames) to.totals[name] += from.totals[name]
      from.votes.forEach((number, at) => (to.votes[at] += number))
    }
    // Everything else is a part of the whole, and nothing is negative.
    const sums = [...units.get(whole).votes, ...Object.values(units.get(whole).totals)]
    demand(Number.isSafeInteger(sum(sums)), 'a sum is too large to be counted exactly')
    return units
  }

  /** As `testigo tally --format json` gives it. */
  tally(contest, unit, root, { children = true } = {}) {
    const { election, geography, sheets, size } = this.ledger
    const { totals, votes } = this.units.get(contest).get(unit)
    const listedOfWhole = this.units.get(contest).get(whole).totals.listed
    let expected = election.declaredStations <= listedOfWhole ? totals.listed : null
    if (unit === whole) expected = Math.max(election.declaredStations, totals.listed)
    const stations = { expected }
    for (const name of totalNames.slice(0, 11)) stations[name] = totals[name]
    if (expected !== null) stations.awaited += expected - totals.listed
    const tally = {
      election: election.id,
      contest: contest.id,
      unit: this.unitName(unit),
      ledger: { size, root },
      stations,
      registered: {
        declared: unit === whole ? election.declaredRegistered : null,
        listed: totals.registered_listed,
        in_counted: totals.registered_in_counted,
        counted_unknown: totals.counted_unknown,
      },
    }
    if (unit === whole && children) {
      const states = [...sheets.values()].map(({ state }) => state)
      tally.sheets = { total: states.length }
      for (const name of ['read', 'unreadable', 'unread']) {
        tally.sheets[name] = states.filter((state) => state === name).length
      }
    }
    Object.assign(tally, this.sums(contest, votes))
    for (const kind of ['null', 'blank']) {
      const other = tally.others.find(({ id }) => id === kind)
      if (other) tally[kind] = other.votes
    }
    if (children) tally.children = [...this.childUnits(contest, unit), ...this.childStations(contest, unit, geography)]
    return tally
  }

  sums(contest, votes) {
    const split = contest.candidates.length
    return {
      valid: sum(votes.slice(0, split)),
      others: contest.others.map((id, at) => ({ id, votes: votes[split + at] })),
      candidates: contest.candidates.map((id, at) => ({ id, votes: votes[at] })),
    }
  }

  unitName(unit) {
    const { election, geography, pack } = this.ledger
    if (unit === whole) return { level: '', code: '', name: inLanguage(election.place, pack.language) }
    const { level, code, name } = geography.units.get(unit)
    return { level: pack.unitLevels[level], code, name }
  }

  childUnits(contest, unit) {
    // Keys are sorted as texts, "10" before "2"; U+001F comes before everything that a code can hold.
    const sortKey = (key) => key.replace('/', '\x1f')
    const below = [...(this.unitsBelow.get(unit) ?? [])].sort((one, other) => (sortKey(one) < sortKey(other) ? -1 : 1))
    return below.map((key) => {
      const { totals, votes } = this.units.get(contest).get(key)
      const { listed, counted, disputed, registered_in_counted } = totals
      return { ...this.unitName(key), listed, counted, disputed, registered_in_counted, ...this.sums(contest, votes) }
    })
  }

  childStations(contest, unit, geography) {
    const below = [...(this.stationsBelow.get(unit) ?? [])].sort((one, other) => (one < other ? -1 : 1))
    return below.map((code) => {
      const { state, counted } = this.statuses.get(contest).get(code)
      return {
        level: this.ledger.pack.stationLevel,
        code,
        name: '',
        state,
        listed: 1,
        counted: state === 'counted' ? 1 : 0,
        disputed: state === 'disputed' ? 1 : 0,
        registered_in_counted: counted ? (geography.stations.get(code).registered ?? 0) : 0,
        ...this.sums(contest, votesOf(contest, counted)),
      }
    })
  }

  /** A unit by its key's parts: the level's id and the code. */
  findUnit(levelId, code) {
    const level = this.ledger.pack.unitLevels.indexOf(levelId)
    const key = level < 0 ? whole : `${level}/${code}`
    return this.ledger.geography.units.has(key) ? key : null
  }

  /** What the test vectors say of a station. */
  station(contest, id) {
    const { geography } = this.ledger
    const { state, reason, received, objected, counted } = this.statuses.get(contest).get(id)
    const votes = votesOf(contest, counted)
    return {
      station: id,
      listed: geography.stations.has(id),
      registered: geography.stations.get(id)?.registered ?? null,
      state,
      reason,
      received,
      objected,
      counted: counted?.index ?? null,
      candidates: votes.slice(0, contest.candidates.length),
      others: votes.slice(contest.candidates.length),
      readings: [...(this.readings.get(contest).get(id) ?? [])]
        .sort((one, other) => one.index - other.index)
        .map((one) => ({
          entry: one.index,
          findings: findings(this.ledger, one).map(({ code, found, expected }) => `${code} ${found} ${expected}`),
        })),
    }
  }
}
