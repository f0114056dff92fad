// Where the ledger's files can be: behind the same server as the page, or in a folder that the visitor chose.

import { Fault } from './bytes.js'

/** Files by addresses relative to a root, such as `https://example.org/mirror/`. */
export const overHttp = (root, isLive = false) => ({
  /** A live site has no manifest: what it serves changes with every entry. */
  isLive,

  async read(path) {
    let answer
    try {
      answer = await fetch(new URL(path, root), { cache: 'no-cache', redirect: 'error' })
    } catch (error) {
      throw new Fault(`${path} cannot be fetched: ${error.message}`)
    }
    if (answer.status === 404) return null
    if (!answer.ok) throw new Fault(`${path} cannot be fetched: the server answers ${answer.status}`)
    return new Uint8Array(await answer.arrayBuffer())
  },
  /** A server need not tell what it has. */
  list: null,
})

const head = 'ledger/checkpoint'

/** Files out of a chosen folder (`<input webkitdirectory>`), which may be the mirror itself or one that holds it. */
export const inFolder = (files) => {
  const paths = new Map([...files].map((file) => [file.webkitRelativePath || file.name, file]))
  const heads = [...paths.keys()].filter((path) => path === head || path.endsWith(`/${head}`))
  const [nearest] = heads.sort((one, other) => one.length - other.length)
  if (nearest === undefined) return null
  const root = nearest.slice(0, -head.length)
  const below = [...paths.keys()].filter((path) => path.startsWith(root)).map((path) => path.slice(root.length))
  return {
    async read(path) {
      const file = paths.get(root + path)
      try {
        return file ? new Uint8Array(await file.arrayBuffer()) : null
      } catch (error) {
        throw new Fault(`${path} cannot be read: ${error.message}`)
      }
    },
    list: (folder) => below.filter((path) => path.startsWith(folder)).sort(),
  }
}
