// The last head of each ledger that this browser has seen. Nothing else is kept, and nothing leaves the browser.

const prefix = 'testigo-head:'

const read = (text) => {
  try {
    const seen = JSON.parse(text)
    const right =
      Number.isSafeInteger(seen.size) && ['key', 'root', 'note'].every((name) => typeof seen[name] === 'string')
    return right ? seen : null
  } catch {
    return null
  }
}

/** Over a browser's `localStorage`; where there is none, nothing is remembered. */
export const memoryOver = (storage) => ({
  seen(origin) {
    try {
      return read(storage.getItem(prefix + origin))
    } catch {
      return null
    }
  },
  keep(origin, head) {
    try {
      storage.setItem(prefix + origin, JSON.stringify(head))
      return true
    } catch {
      return false
    }
  },
  forget() {
    try {
      const names = Array.from({ length: storage.length }, (_, at) => storage.key(at))
      for (const name of names) if (name.startsWith(prefix)) storage.removeItem(name)
    } catch {
      // What cannot be reached holds nothing.
    }
  },
})
