// Tables as RFC 4180 has them, and as leniently as docs/ledger-format.md says.

const byteOrderMark = '\ufeff'

/** Rows as `{ line, fields }`, empty lines left out. `line` counts from 1. */
export function* readCsv(text) {
  let at = text.startsWith(byteOrderMark) ? 1 : 0
  let line = 1
  while (at < text.length) {
    if (text[at] === '\r' || text[at] === '\n') {
      if (text[at] === '\n' || text[at + 1] !== '\n') line++
      at++
      continue
    }
    const row = { line, fields: [] }
    for (let more = true; more; ) {
      let field = ''
      if (text[at] === '"') {
        at++
        for (;;) {
          const end = text.indexOf('"', at)
          field += text.slice(at, end < 0 ? text.length : end)
          at = end < 0 ? text.length : end + 1
          if (text[at] !== '"' || end < 0) break
          field += '"'
          at++
        }
        line += field.match(/\r\n|\r|\n/g)?.length ?? 0
      }
      const start = at
      while (at < text.length && text[at] !== ',' && text[at] !== '\r' && text[at] !== '\n') at++
      row.fields.push(field + text.slice(start, at))
      more = text[at] === ','
      if (more) at++
    }
    yield row
  }
}
