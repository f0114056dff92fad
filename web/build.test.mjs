// The committed script is what these sources give, byte for byte, and loads nothing from elsewhere.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const committed = readFileSync(new URL('../crates/site/assets/recount.js', import.meta.url))

test('building again gives the committed script', () => {
  const folder = mkdtempSync(join(tmpdir(), 'testigo-web-'))
  try {
    const file = join(folder, 'recount.js')
    execFileSync(process.execPath, [fileURLToPath(new URL('build.mjs', import.meta.url)), file])
    assert.ok(readFileSync(file).equals(committed), 'run `npm run build` in web/ and commit the result')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('the script is a classic one and speaks to nobody', () => {
  const text = committed.toString('utf8')
  assert.doesNotMatch(text, /^\s*(import|export)\b/m)
  assert.doesNotMatch(text, /\bimport\(|\beval\(|new Function|XMLHttpRequest|WebSocket|sendBeacon|https?:\/\//)
})
