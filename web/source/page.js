// The recount page: asks for what it needs, shows how far it is, and says what came out. The texts come with the page, in its
// language. A classic script: from a USB stick a browser would not load a module.

import { Fault } from './bytes.js'
import { inLanguage } from './documents.js'
import { whole } from './fold.js'
import { memoryOver } from './memory.js'
import { inFolder, overHttp } from './places.js'
import { recount, remembered } from './recount.js'
import { foldVector } from './vector.js'

/** Also for tests that run this script without a page. */
export { foldVector, inFolder, memoryOver, overHttp, recount, remembered }

/** So long, in milliseconds, the page may be deaf to its reader. */
const slice = 24
const mostDifferences = 50

/** Gives the browser a turn whenever a slice of time is over. */
const pauses = () => {
  let began = performance.now()
  const channel = new MessageChannel()
  const turn = () =>
    new Promise((resolve) => {
      channel.port1.onmessage = resolve
      channel.port2.postMessage(null)
    })
  return async () => {
    if (performance.now() - began < slice) return
    await turn()
    began = performance.now()
  }
}

class Page {
  constructor(root) {
    this.root = root
    this.language = document.documentElement.lang
    this.numbers = new Intl.NumberFormat(this.language, { useGrouping: 'always' })
    this.texts = new Map()
    for (const one of this.find('texts').content.children) this.texts.set(one.dataset.key, one.textContent)
    this.memory = memoryOver(this.storage())
    this.fromStick = location.protocol === 'file:'
  }

  storage() {
    try {
      return window.localStorage
    } catch {
      return null
    }
  }

  find(name) {
    return this.root.querySelector(`[data-part="${name}"]`)
  }

  number(value) {
    return this.numbers.format(value)
  }

  /** The text of a key, its places filled; one that depends on a number has a form for one and a form for others. */
  text(key, places = {}) {
    const form = this.texts.has(key) ? key : `${key}.${places.number === 1 ? 'one' : 'other'}`
    const show = (value) => (typeof value === 'number' ? this.number(value) : String(value))
    return (this.texts.get(form) ?? key).replace(/\{(\w+)\}/g, (place, name) => (name in places ? show(places[name]) : place))
  }

  begin() {
    this.find('form').hidden = false
    this.find('folder').hidden = !this.fromStick
    this.root.addEventListener('submit', (event) => {
      event.preventDefault()
      this.run(event.submitter?.value)
    })
    this.find('forget').addEventListener('click', () => {
      this.memory.forget()
      this.say('recount.forgotten')
    })
  }

  say(key, places) {
    this.find('status').textContent = this.text(key, places)
  }

  source() {
    if (!this.fromStick) return overHttp(new URL(document.body.dataset.root ?? '/', location.href), 'live' in document.body.dataset)
    const { files } = this.find('folder').querySelector('input')
    return files.length > 0 ? inFolder(files) : null
  }

  /** The entries of sheets that the reader wrote down, or null where something else stands there. */
  sheets() {
    const words = this.find('sheets').value.split(/[\s,;#]+/).filter((word) => word !== '')
    return words.every((word) => /^[0-9]{1,15}$/.test(word)) && words.length > 0 ? words.map(Number) : null
  }

  /** The receipts that the reader chose. */
  receipts() {
    const files = [...this.find('receipts').files]
    return Promise.all(files.map(async (file) => ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) })))
  }

  async run(what) {
    const result = this.find('result')
    result.replaceChildren()
    result.hidden = true
    const source = this.source()
    if (!source) {
      this.say('recount.no_folder')
      return
    }
    const sheets = what === 'pictures' ? this.sheets() : []
    if (!sheets) {
      this.say('recount.no_sheets')
      return
    }
    const buttons = [...this.root.querySelectorAll('button')]
    const bar = this.find('bar')
    for (const button of buttons) button.disabled = true
    bar.hidden = false
    const began = performance.now()
    const options = {
      key: this.find('key').value.trim() || null,
      policy: this.find('policy').value.trim() || null,
      seen: (origin) => this.memory.seen(origin),
      everything: what === 'everything',
      sheets,
      pause: pauses(),
      progress: (step, done, all) => {
        bar.max = all
        bar.value = done
        this.say(`recount.step.${step}`, { done, all })
      },
    }
    try {
      const found = await recount(source, { ...options, receipts: await this.receipts() })
      this.show(found, (performance.now() - began) / 1000)
    } catch (error) {
      if (!(error instanceof Fault)) console.error(error)
      this.showFault(error)
    } finally {
      bar.hidden = true
      for (const button of buttons) button.disabled = false
      this.find('status').textContent = ''
      result.hidden = false
      result.focus()
    }
  }

  element(name, properties = {}, ...children) {
    const element = Object.assign(document.createElement(name), properties)
    element.append(...children)
    return element
  }

  /** `kind` is `good`, `plain` or `warn`. */
  verdict(kind, text) {
    this.find('result').append(this.element('p', { className: `verdict ${kind}` }, text))
  }

  list(lines) {
    const items = lines.map(([kind, text]) => this.element('li', { className: kind }, text))
    this.find('result').append(this.element('ul', { className: 'found' }, ...items))
  }

  showFault(error) {
    this.verdict('warn', this.text(error instanceof Fault ? 'recount.wrong' : 'recount.failed'))
    if (error.step) this.list([['warn', this.text(`recount.wrong_in.${error.step}`)]])
    this.find('result').append(this.element('p', {}, this.element('code', {}, error.message)))
    this.evidence(error.result)
  }

  show(found, seconds) {
    const { count, differences, seen, head, key } = found
    if (!count) {
      this.verdict('plain', this.text('recount.empty'))
      return
    }
    const { ledger } = count
    const sheets = ledger.sheets.size
    const totals = { number: sheets, sheets, readings: ledger.readings.size, stations: ledger.known.size }
    const alarm = ['older', 'rewritten', 'other-key'].includes(seen.state)
    const compared = found.compared.length
    const refused = found.receipts.filter(({ fault }) => fault).length
    if (differences.length > 0) this.verdict('warn', this.text('recount.differs', { number: differences.length }))
    else if (alarm) this.verdict('warn', this.text(`recount.seen.${seen.state}`, { size: head.size, before: seen.before.size }))
    else if (refused > 0) this.verdict('warn', this.text('recount.receipts_wrong', { number: refused }))
    else if (compared === 0) this.verdict('plain', this.text('recount.nothing_published', totals))
    else {
      const kind = found.witnesses?.state === 'quorum' ? 'good' : 'plain'
      this.verdict(kind, this.text(sheets > 0 ? 'recount.same_sheets' : 'recount.same_readings', totals))
    }
    const lines = [
      ['plain', this.text('recount.line.entries', { size: head.size, root: head.root })],
      ['plain', this.text(key.given ? 'recount.line.key_given' : 'recount.line.key_beside', { key: key.text })],
      this.witnessLine(found.witnesses),
      [alarm ? 'warn' : 'plain', this.text(`recount.seen.${seen.state}`, { size: head.size, before: seen.before?.size ?? 0 })],
      [differences.length > 0 ? 'warn' : 'plain', this.text('recount.line.compared', { number: compared })],
    ]
    for (const path of found.missing) lines.push(['warn', this.text('recount.line.missing', { path })])
    if (ledger.refused.length > 0) lines.push(['plain', this.text('recount.line.refused', { number: ledger.refused.length })])
    if (found.manifest?.manifest) {
      const key = found.manifest.complete ? 'recount.line.manifest' : 'recount.line.manifest_some'
      lines.push(['plain', this.text(key, { files: found.manifest.files })])
    }
    for (const receipt of found.receipts) lines.push(this.receiptLine(receipt))
    if (found.pictures !== undefined) lines.push(['plain', this.text('recount.line.masks', { number: found.pictures })])
    if (found.files) lines.push(['plain', this.text('recount.line.files', found.files)])
    lines.push(['plain', this.text('recount.line.time', { seconds: seconds.toLocaleString(this.language, { maximumFractionDigits: 1 }) })])
    this.list(lines)
    if (differences.length > 0) this.showDifferences(differences)
    this.showTotals(count)
    this.evidence(alarm ? found : null)
    this.find('result').append(this.element('p', { className: 'note' }, this.text('recount.limits')))
    if (!alarm && refused === 0 && differences.length === 0 && this.find('remember').checked) this.memory.keep(key.name, found.remember)
  }

  witnessLine(witnesses) {
    if (!witnesses) return ['plain', this.text('recount.witness.no_policy')]
    const { state, names, needed } = witnesses
    return [state === 'quorum' ? 'good' : 'warn', this.text(`recount.witness.${state}`, { names: names.join(', '), needed })]
  }

  receiptLine({ name, fault, index, size, isLater, seen }) {
    if (fault) return ['warn', this.text('recount.receipt.wrong', { fault })]
    if (['short', 'none'].includes(seen?.state)) return ['warn', this.text('recount.receipt.unwitnessed', { name, index, size })]
    const kind = seen?.state === 'quorum' ? 'good' : 'plain'
    return [kind, this.text(`recount.receipt.${isLater ? 'later' : 'held'}`, { name, index, size })]
  }

  table(head, rows) {
    const cells = (name, texts) => texts.map((text) => this.element(name, {}, text))
    const body = rows.map((row) => this.element('tr', {}, ...cells('td', row)))
    const table = this.element(
      'table',
      {},
      this.element('thead', {}, this.element('tr', {}, ...cells('th', head))),
      this.element('tbody', {}, ...body),
    )
    return this.element('div', { className: 'scroll' }, table)
  }

  showDifferences(differences) {
    const rows = differences
      .slice(0, mostDifferences)
      .map(({ path, where, field, published, counted }) => [path, where, field, published, counted])
    const head = ['file', 'where', 'field', 'published', 'counted'].map((name) => this.text(`recount.table.${name}`))
    this.find('result').append(this.table(head, rows))
  }

  /** What the visitor's own machine counted, for the whole. */
  showTotals(count) {
    const { election } = count.ledger
    const local = (text) => inLanguage(text, this.language)
    for (const contest of election.contests) {
      const { candidates, valid, stations } = count.tally(contest, whole, '', { children: false })
      const rows = candidates.map(({ votes }, at) => [local(contest.names[at]), this.number(votes)])
      rows.push([this.text('recount.table.valid'), this.number(valid)])
      const title = this.element('h2', {}, local(contest.title))
      const counted = this.text('recount.line.stations', { counted: stations.counted, expected: stations.expected ?? stations.listed })
      const table = this.table([this.text('recount.table.candidate'), this.text('recount.table.votes')], rows)
      table.className = 'scroll counted'
      this.find('result').append(title, this.element('p', {}, counted), table)
    }
  }

  /** Two signed heads that do not continue each other are proof: whoever has both can show them to anyone. */
  evidence(found) {
    if (!found?.seen?.before || !found.head) return
    this.find('result').append(this.element('p', {}, this.text('recount.evidence')))
    for (const note of [found.seen.before.note, found.head.note]) {
      this.find('result').append(this.element('pre', {}, note))
    }
  }
}

if (typeof document !== 'undefined') {
  const root = document.querySelector('[data-recount]')
  if (root) new Page(root).begin()
}
