// Reads the samples of a published PNG (docs/ledger-format.md, "Published pictures"): pixels, and nothing else.

import { demand, equal } from './bytes.js'

const need = (right, cause) => demand(right, `not a published PNG: ${cause}`)

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
const channelsOf = { 0: 1, 2: 3, 4: 2, 6: 4 }

const checksums = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  return sum
})

const checksum = (bytes) => {
  let sum = 0xffffffff
  for (const byte of bytes) sum = checksums[(sum ^ byte) & 255] ^ (sum >>> 8)
  return (sum ^ 0xffffffff) >>> 0
}

function* chunksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = signature.length
  while (at < bytes.length) {
    need(at + 12 <= bytes.length, 'a chunk is cut off')
    const length = view.getUint32(at)
    need(at + 12 + length <= bytes.length, 'a chunk is cut off')
    const named = bytes.subarray(at + 4, at + 8 + length)
    need(checksum(named) === view.getUint32(at + 8 + length), 'the checksum of a chunk is wrong')
    yield { name: String.fromCharCode(...named.subarray(0, 4)), data: named.subarray(4) }
    at += 12 + length
  }
}

const inflate = async (parts, length) => {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream('deflate'))
  const pixels = new Uint8Array(length)
  let at = 0
  try {
    for (const reader = stream.getReader(); ; ) {
      const { done, value } = await reader.read()
      if (done) break
      need(at + value.length <= length, 'it holds more rows than it says')
      pixels.set(value, at)
      at += value.length
    }
  } catch (error) {
    if (error instanceof TypeError) need(false, `its pixels cannot be unpacked (${error.message})`)
    throw error
  }
  need(at === length, 'it holds fewer rows than it says')
  return pixels
}

const nearest = (left, above, corner) => {
  const guess = left + above - corner
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)]
  return a <= b && a <= c ? left : b <= c ? above : corner
}

/** Takes the filters off, row by row; what is left are the samples. */
const unfilter = (filtered, rowLength, height, pixelLength) => {
  const samples = new Uint8Array(rowLength * height)
  for (let row = 0; row < height; row++) {
    const kind = filtered[row * (rowLength + 1)]
    need(kind <= 4, 'a row has an unknown filter')
    const start = row * rowLength
    for (let at = 0; at < rowLength; at++) {
      const left = at < pixelLength ? 0 : samples[start + at - pixelLength]
      const above = row === 0 ? 0 : samples[start + at - rowLength]
      const corner = row === 0 || at < pixelLength ? 0 : samples[start + at - rowLength - pixelLength]
      const predicted = [0, left, above, (left + above) >> 1, kind === 4 ? nearest(left, above, corner) : 0][kind]
      samples[start + at] = filtered[row * (rowLength + 1) + 1 + at] + predicted
    }
  }
  return samples
}

export const readPng = async (bytes) => {
  need(equal(bytes.subarray(0, 8), signature), 'its signature is missing')
  const [first, ...rest] = chunksOf(bytes)
  const last = rest.pop()
  const header = first?.data
  need(first?.name === 'IHDR' && header.length === 13, 'it does not begin with IHDR')
  need(last?.name === 'IEND' && last.data.length === 0, 'it does not end with IEND')
  need(rest.length > 0 && rest.every(({ name }) => name === 'IDAT'), 'it holds something besides IDAT')
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength)
  const [width, height] = [view.getUint32(0), view.getUint32(4)]
  const [bits, color, ...methods] = header.subarray(8)
  const channels = channelsOf[color]
  need(width > 0 && height > 0 && width < 2 ** 31 && height < 2 ** 31, 'it has no pixels')
  need((bits === 8 || bits === 16) && channels && methods.every((method) => method === 0), 'samples of a kind that is not published')
  const pixelLength = (channels * bits) / 8
  const rowLength = width * pixelLength
  need(rowLength * height < 2 ** 31, 'it is too large')
  const filtered = await inflate(rest.map(({ data }) => data), (rowLength + 1) * height)
  return { width, height, bits, channels, pixelLength, rowLength, samples: unfilter(filtered, rowLength, height, pixelLength) }
}
