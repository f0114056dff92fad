// Builds the script of the recount page: one classic file without modules, the same bytes from the same sources.
//
//     node build.mjs            writes crates/site/assets/recount.js
//     node build.mjs FILE       writes FILE

import { build } from 'esbuild'
import { fileURLToPath } from 'node:url'

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

await build({
  absWorkingDir: here('.'),
  entryPoints: ['source/page.js'],
  outfile: process.argv[2] ?? here('../crates/site/assets/recount.js'),
  bundle: true,
  format: 'iife',
  globalName: 'testigoRecount',
  target: ['es2022'],
  charset: 'ascii',
  minify: true,
  legalComments: 'inline',
  banner: { js: '// Made from web/ by `npm ci && npm run build`. Counts a ledger again on the visitor\'s own machine.' },
})
