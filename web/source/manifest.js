// The signed list of a mirror's files, and every file held against it.

import { demand, sha256, toHex, toText } from './bytes.js'
import { openNote } from './note.js'
import { inOrder, need } from './queue.js'

const longestManifest = 256 << 20
const entryForm = /^([0-9a-f]{64}) (0|[1-9][0-9]{0,15}) ((?:[A-Za-z0-9._-]+\/)*[A-Za-z0-9._-]+)$/

/** The files of a manifest, path to `{ hash, size }`. */
export const readManifest = (bytes, key, head) => {
  const text = openNote(bytes, key, 'manifest', longestManifest)
  const lines = text.slice(0, -1).split('\n')
  demand(lines[0] === 'testigo manifest 1', 'manifest: it does not begin with `testigo manifest 1`')
  const named = toText(head.bytes).startsWith(`${lines.slice(1, 4).join('\n')}\n\n`)
  demand(named, 'manifest: it was made for another head than ledger/checkpoint')
  demand(lines.length > 4 && lines[4] !== '', 'manifest: the version of the program is missing')
  const files = new Map()
  let before = ''
  for (const line of lines.slice(5)) {
    const [, hash, size, path] = entryForm.exec(line) ?? []
    const isPath = path !== undefined && path !== 'manifest' && !path.split('/').some((name) => name === '.' || name === '..')
    demand(isPath, `manifest: \`${line.slice(0, 200)}\` is not a hash, a size and a path`)
    demand(before < path, `manifest: ${path} is out of order, or there twice`)
    before = path
    files.set(path, { hash, size: Number(size) })
  }
  return files
}

/** Documents and renditions are called after their bytes. */
const nameHash = (path) =>
  /^documents\/([^/]+)$/.exec(path)?.[1] ?? /^renditions\/[^/]+\/([^/.]+)\.(?:jpg|png)$/.exec(path)?.[1]

const checkFile = (path, bytes, listed) => {
  const hash = toHex(sha256(bytes))
  if (listed) {
    demand(bytes.length === listed.size, `${path} has ${bytes.length} bytes, the manifest says ${listed.size}: the file was changed`)
    demand(hash === listed.hash, `${path} has the hash ${hash}, the manifest says ${listed.hash}: the file was changed`)
  }
  const name = nameHash(path)
  demand(name === undefined || name === hash, `${path} has the hash ${hash}: the file was changed`)
}

/** Every file of the manifest, and that there is no other; without a manifest, documents and pictures by their names. */
export const checkFiles = async (source, key, head, ledger, { pause, progress }) => {
  const bytes = source.isLive ? null : await source.read('manifest')
  const manifest = bytes && readManifest(bytes, key, head)
  const found = source.list?.('') ?? null
  demand(manifest || !found?.includes('index.html'), 'manifest is missing: this is a mirror, whose files nobody has signed for')
  if (manifest && found) {
    for (const path of found) {
      demand(path === 'manifest' || manifest.has(path), `${path} is not in the manifest and does not belong there`)
    }
  }
  const named = (path) => path.startsWith('documents/') || path.startsWith('renditions/')
  const paths = manifest ? [...manifest.keys()] : (found ?? []).filter(named)
  for (const path of paths) {
    const isRight = !named(path) || /^(documents\/[0-9a-f]{64}|renditions\/([0-9a-f]{2})\/\2[0-9a-f]{62}\.(jpg|png))$/.test(path)
    demand(isRight, `${path} does not belong there: a name made of the file's hash is expected`)
  }
  const known = manifest ?? (found && new Set(found))
  const sheets = [...ledger.sheets.values()]
  const withheld = new Set(sheets.filter((sheet) => sheet.withheld).flatMap(({ pages }) => pages.map((page) => page.rendition)))
  for (const { index, pages } of known ? sheets : []) {
    for (const { rendition, media } of pages) {
      const path = `renditions/${rendition.slice(0, 2)}/${rendition}.${media}`
      demand(known.has(path) || withheld.has(rendition), `${path}, the picture of sheet entry ${index}, is missing`)
    }
  }
  let done = 0
  for await (const { path, bytes } of inOrder(paths, async (path) => ({ path, bytes: await need(source, path) }))) {
    checkFile(path, bytes, manifest?.get(path))
    progress('manifest', ++done, paths.length)
    await pause()
  }
  return { files: paths.length, manifest: Boolean(manifest), complete: found !== null }
}

