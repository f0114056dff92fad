// The fold, first part: what the entries add, one after the other.

import { demand, equal, Fault, fromBase64, fromText, sha256, toHex } from './bytes.js'
import { writeCanonical } from './canonical.js'
import { BadDocument, readElection, readPack, readRegister } from './documents.js'
import { absent, cellWords, illegible, largestCell, parseEntry } from './entry.js'
import { rotationMessage } from './keys.js'
import { PublicKey } from './signature.js'

/** The entry stands in the ledger, and changes nothing. */
class Refused extends Error {}

const allow = (right, cause) => {
  if (!right) throw new Refused(cause)
}

const reasons = new Set([
  'sheet-inspected', 'paper-inspected', 'duplicate-sheet', 'wrong-station',
  'not-a-sheet', 'forged-sheet', 'personal-data', 'not-opened',
])

/** The key in base64; Refused where it is none to sign with. */
const usableKey = (text) => {
  const bytes = fromBase64(text)
  const key = bytes && PublicKey.from(bytes)
  allow(key, 'it has a key that is no usable Ed25519 public key')
  return key
}

/** The key of the whole among units; all others are `level/code`. */
export const whole = ''
const unitKey = (level, code) => `${level}/${code}`

/** Units by key, stations by id. */
class Geography {
  units = new Map([[whole, { level: -1, code: '', name: '', parent: null }]])
  stations = new Map()

  /** Lists the rows' stations; BadDocument, and nothing changed, where one of them cannot be. */
  add(rows, passOver) {
    const [units, stations] = [new Map(), new Map()]
    for (const { station, registered, path } of rows) {
      if (this.stations.has(station) || stations.has(station)) {
        if (passOver) continue
        throw new BadDocument(`the register: station ${station} is there twice`)
      }
      let parent = whole
      for (const { level, code, name } of path) {
        const key = unitKey(level, code)
        const known = this.units.get(key) ?? units.get(key)
        if (known && known.parent !== parent) throw new BadDocument(`the register: unit ${code} has two parents`)
        if (!known) units.set(key, { level, code, name, parent })
        parent = key
      }
      stations.set(station, { registered, unit: parent })
    }
    for (const [key, unit] of units) this.units.set(key, unit)
    for (const [id, station] of stations) this.stations.set(id, station)
  }
}

/** The commitment to the pixels (or null) of each picture that arrived, by that to its original. */
const pixelsOf = (intake) => {
  if (intake.get('v') === 1) return new Map(intake.get('commitments').map((original) => [original, null]))
  // The first of several holds.
  const pictures = intake.get('pictures').map((picture) => [picture.get('original'), picture.get('pixels')])
  return new Map(pictures.reverse())
}

/** What is shown of one picture of a sheet. */
class Page {
  /** The `mask` entry in force. */
  mask = null
  superseded = []

  constructor(page, pixels) {
    this.pixels = pixels
    for (const name of ['height', 'width', 'media', 'rendition', 'masked']) this[name] = page.get(name)
  }

  show(index, mask) {
    const rendition = mask.get('rendition')
    this.superseded = [...this.superseded, this.rendition].filter((one) => one !== rendition)
    this.mask = index
    this.rendition = rendition
    this.masked = mask.get('masked')
  }
}

class Sheet {
  tried = false
  /** How many readings with numbers nothing has superseded. */
  standing = 0
  movedTo = null
  rejected = false
  contradicted = false
  withheld = false

  constructor(index, source, pages) {
    this.index = index
    this.source = source
    this.pages = pages
  }

  get state() {
    return this.standing > 0 ? 'read' : this.tried ? 'unreadable' : 'unread'
  }

  get inCustody() {
    return this.source !== 'public' || this.movedTo !== null
  }
}

const toCell = (value) => (typeof value === 'number' ? value : value === undefined ? absent : cellWords[value])

/** As comparisons need it: nothing said about a part is nothing said about the sum. */
const sumOf = (cells) => {
  if (cells.length === 0 || cells.includes(absent)) return absent
  let sum = 0
  for (const cell of cells) {
    if (cell < 0) return illegible
    sum += cell
  }
  return sum > largestCell ? illegible : sum
}

class Reading {
  superseded = false

  constructor(index, entry, contest, sheet) {
    this.index = index
    this.contest = contest
    this.sheet = sheet
    this.reader = entry.get('reader')
    this.kind = this.reader.split(':', 1)[0]
    this.of = sheet ? entry.get('sheet') : entry.get('row')
    this.ownStation = entry.get('station')
    this.byLine = entry.get('detail') === 'selection'
    this.votes = entry.get('votes').map(toCell)
    const [other, stated] = [entry.get('other'), entry.get('stated')]
    this.other = contest.others.map((kind) => toCell(other?.get(kind)))
    this.statedValid = toCell(stated?.get('valid'))
    this.statedCast = toCell(stated?.get('cast'))
    this.statedRegistered = toCell(stated?.get('registered'))
  }

  get station() {
    return this.sheet?.movedTo ?? this.ownStation
  }

  /** The votes of each candidate, as comparisons need them. */
  get candidates() {
    if (!this.byLine) return this.votes
    return this.contest.linesOf.map((lines) => sumOf(lines.map((at) => this.votes[at])))
  }

  get valid() {
    return this.statedValid === absent ? sumOf(this.votes) : this.statedValid
  }
}

const contradict = (one, other) => one !== other && one !== absent && other !== absent
const anyContradict = (some, others) => some.some((one, at) => contradict(one, others[at]))

export const differ = (one, other) => {
  const lines = one.byLine && other.byLine
  return (
    anyContradict(lines ? one.votes : one.candidates, lines ? other.votes : other.candidates) ||
    anyContradict(one.other, other.other) ||
    contradict(one.valid, other.valid) ||
    contradict(one.statedCast, other.statedCast)
  )
}

export class Ledger {
  size = 0
  /** `{ index, cause }` of entries without effect. */
  refused = []
  geography = new Geography()
  /** Stations that a register lists or a reading names. */
  known = new Set()
  intakes = new Map()
  sheets = new Map()
  readings = new Map()
  keys = new Map()
  /** Adjudicators' keys that are good for nothing any more. */
  revoked = new Map()
  /** `{ index, key }` of the key that alone may replace the ledger's own. */
  recovery = null
  /** Replacements of the ledger's key: `{ index, previous, key }`, as bytes. */
  rotations = []
  anchors = []
  /** Proclaimed figures by index: `{ same, supersededBy }`, `same` being what a correction must have in common. */
  officials = new Map()
  /** Lists to draw an audit's sample from, by index: `{ contest, seed }`; the seed may be unknown yet. */
  lists = new Map()
  /** What an audit found, by index, like `officials`. */
  records = new Map()
  /** Ruling's index to its decision and subjects. */
  inForce = new Map()
  /** Subject to the rulings in force on it. */
  heads = new Map()

  /** `documents` gives the bytes with a hash, or null; it may take its time. */
  constructor(documents) {
    this.documents = documents
  }

  async append(bytes) {
    const index = this.size
    const entry = parseEntry(bytes, index)
    try {
      if (index === 0) await this.begin(entry, bytes)
      else if (entry.get('type') === 'register') await this.takeRegister(entry)
      else this.take(index, entry)
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      this.refused.push({ index, cause: error.message })
    }
    this.size++
  }

  async document(digest, what) {
    const bytes = await this.documents(digest)
    demand(bytes, `the ${what} with the hash ${digest} is missing`)
    demand(toHex(sha256(bytes)) === digest, `the ${what} with the hash ${digest} has other bytes`)
    return bytes
  }

  async begin(entry, bytes) {
    demand(entry.get('type') === 'election', 'entry 0 is not an `election` entry')
    this.origin = entry.get('origin')
    this.rule = Object.fromEntries(entry.get('counting'))
    this.entryZero = toHex(sha256(bytes))
    this.registerFromResults = entry.get('register_origin') === 'results'
    const definition = await this.document(entry.get('definition'), 'election file')
    const pack = await this.document(entry.get('pack'), 'pack')
    const register = await this.document(entry.get('register'), 'register')
    try {
      this.election = readElection(definition)
      this.pack = readPack(pack)
      this.geography.add(readRegister(register, this.pack), false)
    } catch (error) {
      if (!(error instanceof BadDocument)) throw error
      throw new Fault(`a document of entry 0 cannot be read: ${error.message}`)
    }
    this.contests = new Map(this.election.contests.map((contest) => [contest.id, contest]))
    for (const station of this.geography.stations.keys()) this.known.add(station)
  }

  async takeRegister(entry) {
    const bytes = await this.document(entry.get('document'), 'added register')
    try {
      this.geography.add(readRegister(bytes, this.pack), true)
    } catch (error) {
      if (!(error instanceof BadDocument)) throw error
      throw new Refused(error.message)
    }
    for (const station of this.geography.stations.keys()) this.known.add(station)
    this.registerFromResults ||= entry.get('origin') === 'results'
  }

  take(index, entry) {
    switch (entry.get('type')) {
      case 'election':
        throw new Refused('an `election` entry may only be entry 0')
      case 'intake':
        this.intakes.set(index, { source: entry.get('source'), pixels: pixelsOf(entry) })
        break
      case 'mask':
        this.takeMask(index, entry)
        break
      case 'key':
        this.takeKey(index, entry)
        break
      case 'official':
        this.takeOfficial(index, entry)
        break
      case 'audit':
        this.takeAudit(index, entry)
        break
      case 'anchor':
        this.takeAnchor(index, entry)
        break
      case 'sheet':
        this.takeSheet(index, entry)
        break
      case 'reading':
        this.takeReading(index, entry)
        break
      case 'ruling':
        this.takeRuling(index, entry)
        break
      default:
        throw new Fault(`entry ${index}: nothing is known about what the type \`${entry.get('type')}\` does`)
    }
  }

  takeKey(index, entry) {
    if (entry.get('v') === 1) this.admit(entry)
    else if (entry.get('do') === 'recovery') this.takeRecovery(index, entry)
    else if (entry.get('do') === 'rotate') this.rotate(index, entry)
    else this.revoke(entry)
  }

  admit(entry) {
    const name = entry.get('name')
    const key = usableKey(entry.get('public'))
    const gone = this.revoked.has(name) || [...this.revoked.values()].some((one) => equal(one.bytes, key.bytes))
    allow(!gone, `the name \`${name}\` or its key was revoked`)
    for (const [known, other] of this.keys) {
      const same = known === name === equal(other.bytes, key.bytes)
      allow(same, `the name \`${name}\` has another key, or the key another name`)
    }
    this.keys.set(name, key)
  }

  revoke(entry) {
    const name = entry.get('name')
    allow(this.keys.has(name), `\`${name}\` is not the name of a key that may sign rulings`)
    this.revoked.set(name, this.keys.get(name))
    this.keys.delete(name)
  }

  takeRecovery(index, entry) {
    const key = usableKey(entry.get('public'))
    allow(this.recovery === null, 'the ledger has a recovery key already')
    this.recovery = { index, key }
  }

  rotate(index, entry) {
    const [previous, key] = [usableKey(entry.get('previous')).bytes, usableKey(entry.get('public')).bytes]
    allow(this.recovery, 'the ledger has no recovery key')
    const last = this.rotations.at(-1)
    allow(!last || equal(last.key, previous), 'the key that it replaces is not the one in force')
    const known = [previous, this.recovery.key.bytes, ...this.rotations.flatMap((one) => [one.previous, one.key])]
    allow(!known.some((one) => equal(one, key)), 'the new key is one that this ledger has or had already')
    const message = rotationMessage(this.entryZero, writeCanonical(new Map(entry).set('signature', '')))
    const signature = fromBase64(entry.get('signature'))
    allow(signature && this.recovery.key.verifies(message, signature), 'it is not signed by the recovery key')
    this.rotations.push({ index, previous, key })
  }

  takeAnchor(index, entry) {
    const size = entry.get('size')
    allow(size > 0 && size <= index, 'a stamp can only follow the entries that it is over')
    this.anchors.push({ entry: index, kind: entry.get('kind'), size, document: entry.get('document') })
  }

  takeOfficial(index, entry) {
    const contest = this.contestOf(entry.get('contest'))
    const place = entry.get('place')
    const levels = [...this.pack.unitLevels, this.pack.stationLevel]
    allow(!place || levels.includes(place.get('level')), `the pack has no level \`${place?.get('level')}\``)
    const candidates = [...(entry.get('votes')?.keys() ?? []), ...(entry.get('percent')?.get('each').keys() ?? [])]
    for (const id of candidates) allow(contest.candidates.includes(id), `the contest has no candidate \`${id}\``)
    this.checkOthers(contest, entry.get('other'))
    const where = place ? [place.get('level'), place.get('code')] : []
    const same = JSON.stringify([contest.id, where, entry.get('bulletin'), entry.get('source')])
    this.supersede(this.officials, index, entry.get('prev'), same)
  }

  /** Keeps something that supersedes an earlier one of its kind, if they have in common what they must. */
  supersede(kept, index, prev, same) {
    const before = kept.get(prev)
    if (before && before.same === same && before.supersededBy === null) before.supersededBy = index
    kept.set(index, { same, supersededBy: null })
  }

  takeAudit(index, entry) {
    const step = Object.fromEntries(entry.get('step'))
    if (step.act === 'list') {
      const contest = this.contestOf(step.contest)
      const after = this.lists.get(step.after)
      if (step.after !== undefined) {
        allow(after?.contest === contest && after.seed !== null, `entry ${step.after} is no list of this contest with a seed`)
      }
      this.lists.set(index, { contest, seed: after?.seed ?? null })
      return
    }
    const list = this.lists.get(step.list)
    allow(list, `entry ${step.list} is not an earlier list`)
    if (step.act === 'seed') {
      allow(list.seed === null, 'the list has a seed already')
      list.seed = step.seed
      return
    }
    allow(list.seed !== null, 'the list has no seed yet')
    allow(!step.found || step.found.length === list.contest.candidates.length, 'not one figure for each candidate')
    this.checkOthers(list.contest, step.other)
    this.supersede(this.records, index, entry.get('prev'), JSON.stringify([step.list, step.station]))
  }

  contestOf(id) {
    const contest = this.contests.get(id)
    allow(contest, `there is no contest \`${id}\``)
    return contest
  }

  checkOthers(contest, others) {
    for (const kind of others?.keys() ?? []) {
      allow(contest.others.includes(kind), `the contest has no \`${kind}\` in \`others\``)
    }
  }

  takeSheet(index, entry) {
    const intake = this.intakes.get(entry.get('intake'))
    allow(intake, `entry ${entry.get('intake')} is not an earlier \`intake\` entry`)
    const pages = entry.get('pages').map((page) => new Page(page, intake.pixels.get(page.get('commitment'))))
    for (const page of pages) allow(page.pixels !== undefined, "a page's commitment is not in its `intake` entry")
    const right = pages.length > 0 && pages.every((page) => ['jpg', 'png'].includes(page.media))
    allow(right, 'a sheet needs at least one page, each of type jpg or png')
    this.sheets.set(index, new Sheet(index, intake.source, pages))
  }

  takeMask(index, entry) {
    const sheet = this.sheets.get(entry.get('sheet'))
    allow(sheet, `entry ${entry.get('sheet')} is not an earlier \`sheet\` entry`)
    const page = sheet.pages[entry.get('page')]
    allow(page, 'the sheet has no such page')
    allow(page.mask === (entry.get('prev') ?? null), 'it does not supersede the mask that stands')
    page.show(index, entry)
  }

  takeReading(index, entry) {
    const sheet = entry.has('sheet') ? this.sheets.get(entry.get('sheet')) : null
    allow(sheet !== undefined, `entry ${entry.get('sheet')} is not an earlier \`sheet\` entry`)
    if (entry.has('failure')) {
      allow(sheet, 'a row of a results file cannot be unreadable')
      sheet.tried = true
      return
    }
    const contest = this.contestOf(entry.get('contest'))
    const lines = (entry.get('detail') === 'selection' ? contest.lines : contest.candidates).length
    const found = entry.get('votes').length
    allow(found === lines, `${lines} votes are expected, the reading has ${found}`)
    this.checkOthers(contest, entry.get('other'))
    demand(sheet || entry.get('row') < 2 ** 32, `entry ${index}: the row is not below 2^32`)
    const reading = new Reading(index, entry, contest, sheet)
    this.known.add(reading.ownStation)
    const before = this.readings.get(entry.get('prev'))
    const sameOrigin =
      before?.contest === contest && before.reader === reading.reader && before.of === reading.of
    if (sameOrigin && !before.superseded) {
      before.superseded = true
      if (sheet) sheet.standing--
    }
    if (sheet) sheet.standing++
    this.readings.set(index, reading)
  }

  takeRuling(index, entry) {
    this.checkSignatures(entry)
    allow(reasons.has(entry.get('reason')), `\`${entry.get('reason')}\` is not a known reason`)
    const decision = Object.fromEntries(entry.get('decision'))
    const subjects = this.subjectsOf(decision)
    const prev = entry.get('prev')
    const ended = this.inForce.get(prev)
    allow(decision.do !== 'withdraw' || ended, 'it withdraws nothing that is in force')
    if (ended) {
      this.inForce.delete(prev)
      for (const subject of ended.subjects) {
        this.heads.set(subject, this.heads.get(subject).filter((one) => one !== prev))
        this.settle(subject)
      }
    }
    if (decision.do === 'withdraw') return
    this.inForce.set(index, { decision, subjects })
    for (const subject of subjects) {
      this.heads.set(subject, [...(this.heads.get(subject) ?? []), index])
      this.settle(subject)
    }
  }

  checkSignatures(entry) {
    const unsigned = new Map(entry).set('signatures', [])
    const message = fromText(`testigo ruling v1\n${this.entryZero}\n${writeCanonical(unsigned)}`)
    const valid = new Set()
    for (const one of entry.get('signatures')) {
      const key = this.keys.get(one.get('key'))
      const signature = fromBase64(one.get('signature'))
      if (key && signature && !valid.has(one.get('key')) && key.verifies(message, signature)) valid.add(one.get('key'))
    }
    allow(valid.size >= this.rule.signatures, `${valid.size} of ${this.rule.signatures} needed signatures are valid`)
  }

  subjectsOf(decision) {
    const { sheet, station } = decision
    allow(sheet === undefined || this.sheets.has(sheet), `entry ${sheet} is not an earlier \`sheet\` entry`)
    allow(station === undefined || this.known.has(station), `station ${station} is not known`)
    switch (decision.do) {
      case 'accept-reading': {
        const reading = this.readings.get(decision.reading)
        allow(reading, `entry ${decision.reading} is not an earlier \`reading\` entry with numbers`)
        return [this.resultOf(reading.contest, reading.station)]
      }
      case 'not-installed':
        return this.election.contests.map((contest) => this.resultOf(contest, station))
      case 'reject-sheet':
      case 'move-sheet':
        return [`place ${sheet}`]
      case 'withhold-sheet':
        return [`picture ${sheet}`]
      default:
        return []
    }
  }

  resultOf(contest, station) {
    return `result ${contest.id} ${station}`
  }

  rulingsOn(subject) {
    return this.heads.get(subject) ?? []
  }

  /** What follows for a sheet from the rulings in force on it. */
  settle(subject) {
    const [kind, number] = subject.split(' ')
    if (kind === 'result') return
    const sheet = this.sheets.get(Number(number))
    const rulings = this.rulingsOn(subject)
    if (kind === 'picture') {
      sheet.withheld = rulings.length > 0
      return
    }
    const decision = rulings.length === 1 ? this.inForce.get(rulings[0]).decision : {}
    sheet.contradicted = rulings.length > 1
    sheet.rejected = decision.do === 'reject-sheet'
    sheet.movedTo = decision.do === 'move-sheet' ? decision.station : null
  }
}

