// A simulated election in an archive of its own, by the same commands an organiser uses.

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { testigo } from './testigo.mjs'

/**
 * Simulates an election below `place`, imports its sheets and reads them. With `withhold`, every second sheet stays
 * outside until `importTheRest` is called.
 */
export async function simulatedElection(place, { withhold = false } = {}) {
  const source = join(place, 'source')
  const archive = join(place, 'archive')
  await testigo('simulate', source, '--seed', '7', '--stations', '60')
  await testigo('init', archive, '--pack', 'demo', '--register', join(source, 'register.csv'))
  const sheets = (await readdir(join(source, 'sheets'))).sort().map((name) => join(source, 'sheets', name))
  const importSheets = async (files) => {
    await testigo('import', archive, ...files)
    await testigo('read', archive)
  }
  await importSheets(withhold ? sheets.filter((_, index) => index % 2 === 0) : sheets)
  return { archive, importTheRest: () => importSheets(sheets) }
}
