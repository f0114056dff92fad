// The whole check, from a place where the ledger's files are to what there is to say about it.

import { demand, equal, Fault, firstDifference, toHex, toText } from './bytes.js'
import { Count } from './count.js'
import { Ledger } from './fold.js'
import { NoteKey, openCheckpoint, parseSize } from './note.js'
import { publishedTotals } from './published.js'
import { hashTilesOf, joinBundle, leafHash, rowOf, splitBundle, tilePath, Tree } from './tree.js'

/** So many files are asked for at a time. */
const ahead = 8

/** What is done, in order; a Fault belongs to the step in which it was found. */
export const steps = ['key', 'head', 'entries', 'tree', 'fold', 'totals', 'files', 'masks']

const need = async (source, path) => {
  const bytes = await source.read(path)
  demand(bytes, `${path} is missing`)
  return bytes
}

/** Reads several files, a few at a time, and hands them over in order. */
async function* inOrder(items, read) {
  const waiting = []
  let next = 0
  while (waiting.length > 0 || next < items.length) {
    while (waiting.length < ahead && next < items.length) {
      const promise = read(items[next++])
      // Whoever waits for it hears of its failure; until then it is not an unheard one.
      promise.catch(() => {})
      waiting.push(promise)
    }
    yield await waiting.shift()
  }
}

/** The entries of a bundle's first `width`, from the file of that width or a longer one. */
const readBundle = async (source, { number, width }) => {
  const widths = [width]
  if (width < 256) widths.push(256, ...Array.from({ length: 255 - width }, (_, more) => width + 1 + more))
  for (const one of widths) {
    const path = `ledger/${tilePath('entries', number, one)}`
    const bytes = await source.read(path)
    if (bytes) return splitBundle(bytes, one, path).slice(0, width)
  }
  throw new Fault(`ledger/${tilePath('entries', number, width)} is missing`)
}

const readEntries = async (source, size, { pause, progress }) => {
  const [tree, entries] = [new Tree(), []]
  for await (const bundle of inOrder([...rowOf('entries', size)], (one) => readBundle(source, one))) {
    for (const entry of bundle) {
      tree.add(leafHash(entry))
      entries.push(entry)
      await pause()
    }
    progress('entries', entries.length, size)
  }
  return { tree, entries }
}

/** Which entry was changed, where the leaf tiles still have the signed root; else nothing. */
const firstChanged = async (source, tree, { size, root }) => {
  const leaves = new Tree()
  for (const { level, number, width } of rowOf(0, size)) {
    const bytes = await source.read(`ledger/${tilePath(level, number, width)}`)
    if (bytes?.length !== 32 * width) return ''
    for (let at = 0; at < width; at++) leaves.add(bytes.slice(32 * at, 32 * at + 32))
  }
  if (!equal(leaves.root(), root)) return ''
  const at = tree.levels[0].findIndex((leaf, index) => !equal(leaf, leaves.levels[0][index]))
  return at < 0 ? '' : `; entry ${at} was changed`
}

/** The entries of a head, hashed from their bytes. */
const checkTree = async (source, tree, head, where) => {
  const found = tree.root(head.size)
  if (equal(found, head.root)) return
  const changed = await firstChanged(source, tree, head)
  throw new Fault(
    `the first ${head.size} entries have the root ${toHex(found)}, but ${where} is signed over ${toHex(head.root)}: ` +
      `entries were changed, removed or added before entry ${head.size}${changed}`,
  )
}

/**
 * What this head is to one that was seen before: `first`, `same`, `newer`; or, with the head as evidence, `older`,
 * `rewritten` or `other-key`.
 */
export const compareHeads = (key, head, tree, seen) => {
  if (!seen) return { state: 'first' }
  const before = { size: seen.size, note: seen.note, key: seen.key }
  if (seen.key !== key.text) return { state: 'other-key', before }
  if (head.size < seen.size) return { state: 'older', before }
  if (toHex(tree.root(seen.size)) !== seen.root) return { state: 'rewritten', before }
  return { state: head.size === seen.size ? 'same' : 'newer', before }
}

/** What is remembered of a head. */
export const remembered = (key, head) => ({
  key: key.text,
  size: head.size,
  root: toHex(head.root),
  note: toText(head.bytes),
})

/** The ledger's other files: every head ever published, every bundle and hash tile of theirs, byte for byte. */
const checkLedgerFiles = async (source, key, head, { tree, entries }, { pause, progress }) => {
  const heads = [head]
  for (const path of source.list?.('ledger/checkpoints/') ?? []) {
    const size = parseSize(path.slice('ledger/checkpoints/'.length))
    demand(size !== null, `${path} does not belong there: its name is no size`)
    // Someone may be writing: what is published meanwhile is not part of this check.
    if (size > head.size) continue
    const older = openCheckpoint(await need(source, path), key, path)
    demand(older.size === size, `${path} is the checkpoint of ${older.size} entries, not of the number its name says`)
    await checkTree(source, tree, older, path)
    heads.push(older)
  }
  const files = new Map()
  for (const { size } of heads) {
    for (const one of [...rowOf('entries', size), ...hashTilesOf(size)]) {
      files.set(`ledger/${tilePath(one.level, one.number, one.width)}`, one)
    }
  }
  let done = 0
  const read = async ([path, one]) => ({ path, one, found: await need(source, path) })
  for await (const { path, one, found } of inOrder([...files], read)) {
    const { level, number, width } = one
    const start = 256 * number
    const expected =
      level === 'entries' ? joinBundle(entries.slice(start, start + width)) : tree.tile(level, number, width)
    const at = firstDifference(found, expected)
    demand(at < 0, () => `${path} differs, from byte ${at} on, from what the entries give`)
    progress('files', ++done, files.size)
    await pause()
  }
  return { heads: heads.length, tiles: files.size }
}

const defaults = {
  /** The ledger's public key as text, where the visitor has it from elsewhere. */
  key: null,
  /** What is remembered: origin to head. */
  seen: () => null,
  pause: async () => {},
  progress: () => {},
  /** Whether all files are to be looked at, not only entries, documents and totals. */
  everything: false,
}

/**
 * Checks the ledger of a source: `read(path)` gives the bytes of a file or null, `list(folder)` the paths of what is
 * below, where the source can tell. Gives everything there is to say; throws a Fault, with its `step`, at the first
 * thing that is wrong.
 */
export const recount = async (source, options = {}) => {
  const chosen = { ...defaults, ...options }
  const { pause, progress } = chosen
  const result = { key: null, head: null, count: null, seen: null, differences: [], compared: [], missing: [] }
  let step = 'key'
  const begin = (name) => {
    step = name
    progress(name, 0, 1)
  }
  try {
    const keyText = chosen.key ?? toText(await need(source, 'ledger/key')) ?? ''
    const key = new NoteKey(keyText)
    result.key = { text: key.text, name: key.name, given: chosen.key !== null }

    begin('head')
    const head = openCheckpoint(await need(source, 'ledger/checkpoint'), key, 'ledger/checkpoint')
    result.head = { size: head.size, root: toHex(head.root), note: toText(head.bytes) }

    begin('entries')
    const { tree, entries } = await readEntries(source, head.size, chosen)

    begin('tree')
    await checkTree(source, tree, head, 'ledger/checkpoint')
    result.seen = compareHeads(key, head, tree, chosen.seen(key.name))
    result.remember = remembered(key, head)

    begin('fold')
    const ledger = new Ledger((hash) => source.read(`documents/${hash}`))
    for (const entry of entries) {
      await ledger.append(entry)
      if (ledger.size % 256 === 0) progress('fold', ledger.size, head.size)
      await pause()
    }
    demand(entries.length > 0, 'the ledger has no entries: there is nothing to count')
    demand(ledger.origin === key.name, `entry 0 has the origin \`${ledger.origin}\`, the ledger is signed as \`${key.name}\``)
    const count = await Count.of(ledger, pause)
    result.count = count

    begin('totals')
    for (const { path, compare } of publishedTotals(count, result.head.root)) {
      const bytes = await source.read(path)
      if (!bytes) {
        result.missing.push(path)
        continue
      }
      result.compared.push(path)
      result.differences.push(...compare(bytes).map((one) => ({ path, ...one })))
      await pause()
    }

    if (chosen.everything) {
      begin('files')
      result.files = await checkLedgerFiles(source, key, head, { tree, entries }, chosen)
    }
    return result
  } catch (error) {
    if (error instanceof Fault) Object.assign(error, { step, result })
    throw error
  }
}

