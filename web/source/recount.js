// The whole check, from a place where the ledger's files are to what there is to say about it.

import { demand, equal, Fault, firstDifference, fromText, toHex, toText } from './bytes.js'
import { Count } from './count.js'
import { Ledger } from './fold.js'
import { KeyHistory } from './keys.js'
import { checkFiles } from './manifest.js'
import { checkMasks } from './masks.js'
import { NoteKey, parseSize } from './note.js'
import { readPolicy, witnessesOf } from './policy.js'
import { inOrder, need } from './queue.js'
import { publishedTotals } from './published.js'
import { checkReceipt } from './receipt.js'
import { hashTilesOf, joinBundle, leafHash, rowOf, splitBundle, tilePath, Tree } from './tree.js'

/** What is done, in order; a Fault belongs to the step in which it was found. */
export const steps = ['key', 'policy', 'head', 'entries', 'tree', 'fold', 'totals', 'files', 'manifest', 'masks']

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
      if (entries.length % 32 === 0) await pause()
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
  const at = [...tree.leaves].findIndex((leaf, index) => !equal(leaf, leaves.leaves.at(index)))
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
const checkLedgerFiles = async (source, keys, head, { tree, entries }, { pause, progress }) => {
  const sizes = [head.size]
  const heads = [head]
  for (const path of source.list?.('ledger/checkpoints/') ?? []) {
    const size = parseSize(path.slice('ledger/checkpoints/'.length))
    demand(size !== null, `${path} does not belong there: its name is no size`)
    // Someone may be writing: what is published meanwhile is not part of this check.
    if (size > head.size) continue
    const older = keys.openCheckpoint(await need(source, path), path)
    demand(older.size === size, `${path} is the checkpoint of ${older.size} entries, not of the number its name says`)
    await checkTree(source, tree, older, path)
    heads.push(older)
    sizes.push(size)
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
  return { heads: heads.length, tiles: files.size, sizes }
}

/** A receipt that does not hold is told with its cause, and the count goes on. */
const receiptVerdict = (receipt, keys, policy, tree) => {
  try {
    return checkReceipt(receipt, keys, policy, tree)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    return { name: receipt.name, fault: error.message }
  }
}

/** A file of totals under the first of its names that is there. */
const readFirst = async (source, file) => {
  for (const path of file.paths) {
    const bytes = await source.read(path)
    if (bytes) return { file, path, bytes }
  }
  return { file, path: file.paths[0], bytes: null }
}

/** The sizes of the heads that vouch for a ledger's keys: this one, and where keys were replaced every one of `heads`. */
const headSizes = async (source, keys, head, tree, replaced) => {
  const sizes = [head.size]
  for (const { index } of replaced ? keys.rotations : []) {
    // A head just before a replacement is the last one by the key that was replaced.
    for (const size of [index, index + 1]) {
      const path = `ledger/checkpoints/${size}`
      const bytes = size < head.size ? await source.read(path) : null
      if (!bytes) continue
      const older = keys.openCheckpoint(bytes, path)
      demand(older.size === size, `${path} is the checkpoint of ${older.size} entries, not of the number its name says`)
      await checkTree(source, tree, older, path)
      sizes.push(size)
    }
  }
  return sizes
}

const defaults = {
  /** The ledger's public key as text, where the visitor has it from elsewhere. */
  key: null,
  /** The visitor's trust policy as text, or null. */
  policy: null,
  /** What is remembered: origin to head. */
  seen: () => null,
  pause: async () => {},
  progress: () => {},
  /** Whether all files are to be looked at, not only entries, documents and totals. */
  everything: false,
  /** Receipts to hold against the ledger: `{ name, bytes }` of each. */
  receipts: [],
  /** Entries of sheets whose hidden areas are to be checked, or `all`. */
  sheets: [],
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
    const given = chosen.key === null ? null : new NoteKey(chosen.key)
    const keys = new KeyHistory(await source.read('ledger/key'), given)
    const key = keys.trusted
    result.key = { text: key.text, name: key.name, given: given !== null }

    begin('policy')
    const policy = chosen.policy === null ? null : readPolicy(fromText(`${chosen.policy.trimEnd()}\n`))

    begin('head')
    const head = keys.openCheckpoint(await need(source, 'ledger/checkpoint'), 'ledger/checkpoint')
    result.head = { size: head.size, root: toHex(head.root), note: toText(head.bytes) }

    result.witnesses = policy && witnessesOf(policy, head.bytes, 'ledger/checkpoint')

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
      if (ledger.size % 32 === 0) await pause()
    }
    if (entries.length === 0) return result
    demand(ledger.origin === key.name, `entry 0 has the origin \`${ledger.origin}\`, the ledger is signed as \`${key.name}\``)
    const count = await Count.of(ledger, pause)
    result.count = count
    // Heads that were not looked at yet vouch for nothing: with replaced keys, all of them are needed.
    if (!chosen.everything) keys.check(ledger, await headSizes(source, keys, head, tree, ledger.rotations.length > 0))

    result.receipts = chosen.receipts.map((receipt) => receiptVerdict(receipt, keys, policy, tree))

    begin('totals')
    const files = publishedTotals(count, result.head.root, chosen.everything)
    let done = 0
    for await (const { file, path, bytes } of inOrder(files, (one) => readFirst(source, one))) {
      if (bytes) {
        result.compared.push(path)
        result.differences.push(...file.compare(bytes).map((one) => ({ path, ...one })))
      } else if (!file.may) result.missing.push(path)
      progress('totals', ++done, files.length)
      await pause()
    }

    if (chosen.everything) {
      begin('files')
      result.files = await checkLedgerFiles(source, keys, head, { tree, entries }, chosen)
      keys.check(ledger, result.files.sizes)

      begin('manifest')
      result.manifest = await checkFiles(source, keys.at(head.size), head, ledger, chosen)
    }

    const sheets = chosen.everything ? 'all' : chosen.sheets
    if (sheets.length > 0) {
      begin('masks')
      result.pictures = await checkMasks(source, ledger, sheets, chosen)
    }
    return result
  } catch (error) {
    if (error instanceof Fault) Object.assign(error, { step, result })
    throw error
  }
}

