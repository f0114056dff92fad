// Masked pictures with their openings, held against docs/vectors/pixels.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Fault } from './source/bytes.js'
import { commitmentOf } from './source/pixels.js'

const vectors = new URL('../docs/vectors/pixels/', import.meta.url)
const read = (path) => new Uint8Array(readFileSync(new URL(path, vectors)))

const pictures = readdirSync(vectors).map((name) => {
  const expected = JSON.parse(new TextDecoder().decode(read(`${name}/expected.json`)))
  const file = readdirSync(new URL(`${name}/`, vectors)).find((one) => one.startsWith('picture.'))
  return { name, ...expected, media: file.slice('picture.'.length), bytes: read(`${name}/${file}`), opening: read(`${name}/opening`) }
})

const verdict = async (picture, bytes, opening) => {
  try {
    return await commitmentOf(picture, bytes, opening)
  } catch (error) {
    if (error instanceof Fault) return error.message
    throw error
  }
}

for (const picture of pictures) {
  test(`the picture ${picture.name}`, async () => {
    assert.equal(await verdict(picture, picture.bytes, picture.opening), picture.commitment)
  })

  test(`any byte of ${picture.name} or its opening changed`, async () => {
    for (const part of ['bytes', 'opening']) {
      const step = Math.max(1, Math.floor(picture[part].length / 40))
      for (let at = 0; at < picture[part].length; at += step) {
        const changed = picture[part].slice()
        changed[at] ^= 1 << at % 8
        const found = part === 'bytes' ? await verdict(picture, changed, picture.opening) : await verdict(picture, picture.bytes, changed)
        // The unused bits at the end of the picture data, and the way in which a PNG is packed, show no pixel.
        if (found === picture.commitment) assert.ok(part === 'bytes' && (picture.media === 'png' || at >= changed.length - 3), `${part} ${at}`)
      }
      const cut = picture[part].slice(0, -1)
      const found = part === 'bytes' ? await verdict(picture, cut, picture.opening) : await verdict(picture, picture.bytes, cut)
      assert.notEqual(found, picture.commitment)
    }
  })

  test(`no opening but its own fits ${picture.name}`, async () => {
    for (const other of pictures) {
      if (other === picture) continue
      assert.notEqual(await verdict(picture, picture.bytes, other.opening), picture.commitment, other.name)
    }
    const elsewhere = { ...picture, masked: picture.masked.length ? [] : [[0, 0, picture.width, picture.height]] }
    assert.notEqual(await verdict(elsewhere, picture.bytes, picture.opening), picture.commitment)
  })
}
