// Pictures that were committed to when they came in: whether what is published shows those pixels, but for the areas that the
// ledger says are hidden.

import { demand, Fault } from './bytes.js'
import { commitmentOf } from './pixels.js'

/** The pages of sheets that have a commitment to their pixels; of all sheets, or of those with these entries. */
export const committedPages = (ledger, chosen) => {
  const sheets = [...ledger.sheets.values()]
  const withheld = new Set(sheets.filter((sheet) => sheet.withheld).flatMap(({ pages }) => pages.map(({ rendition }) => rendition)))
  if (chosen !== 'all') {
    for (const index of chosen) demand(ledger.sheets.has(index), `entry ${index} is no sheet of this ledger`)
  }
  const asked = chosen === 'all' ? sheets : chosen.map((index) => ledger.sheets.get(index))
  return asked.flatMap(({ index, pages }) =>
    pages.filter(({ pixels, rendition }) => pixels && !withheld.has(rendition)).map((page) => ({ index, page })),
  )
}

/** Checks pictures one after the other; gives how many there were. */
export const checkMasks = async (source, ledger, chosen, { pause, progress }) => {
  const pages = committedPages(ledger, chosen)
  let done = 0
  for (const { index, page } of pages) {
    const picture = `renditions/${page.rendition.slice(0, 2)}/${page.rendition}.${page.media}`
    const opening = `openings/${page.pixels.slice(0, 2)}/${page.pixels}.${page.rendition}`
    const [bytes, openingBytes] = await Promise.all([source.read(picture), source.read(opening)])
    demand(bytes, `${picture}, the picture of sheet entry ${index}, is missing`)
    demand(openingBytes, `${opening} is missing`)
    try {
      const found = await commitmentOf(page, bytes, openingBytes, pause)
      demand(found === page.pixels, `its pixels and ${opening} lead to ${found}, the ledger has ${page.pixels}`)
    } catch (error) {
      if (error instanceof Fault) throw new Fault(`${picture}, of sheet entry ${index}: ${error.message}`)
      throw error
    }
    progress('masks', ++done, pages.length)
  }
  return done
}
