// Reading many files without waiting for each in turn.

import { demand } from './bytes.js'

/** So many files are asked for at a time. */
const ahead = 8

/** The bytes of a file that must be there. */
export const need = async (source, path) => {
  const bytes = await source.read(path)
  demand(bytes, `${path} is missing`)
  return bytes
}

/** Reads several files, a few at a time, and hands them over in order. */
export async function* inOrder(items, read) {
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
