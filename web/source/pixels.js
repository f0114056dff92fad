// Whether a published picture shows exactly the pixels that were committed to when it came in, and hides nothing but what the
// ledger says (docs/ledger-format.md, "Pixels").

import { concat, demand, equal, fromText, sha256, toHex } from './bytes.js'
import { readJpeg } from './jpeg.js'
import { readPng } from './png.js'

const u8 = (number) => new Uint8Array([number])
const u16 = (number) => new Uint8Array([number >> 8, number & 255])
const u32 = (number) => concat(u16(number >>> 16), u16(number & 0xffff))
const prefixed = (prefix, ...parts) => sha256(concat(u8(prefix), ...parts))
const firstSeed = (seed) => prefixed(0x10, seed)
const secondSeed = (seed) => prefixed(0x11, seed)

/** Bytes that grow as they are written. */
class Writer {
  bytes = new Uint8Array(1024)
  length = 0

  put(byte) {
    if (this.length === this.bytes.length) {
      const larger = new Uint8Array(2 * this.length)
      larger.set(this.bytes)
      this.bytes = larger
    }
    this.bytes[this.length++] = byte
  }

  u16(number) {
    this.put((number >> 8) & 255)
    this.put(number & 255)
  }

  taken() {
    return this.bytes.slice(0, this.length)
  }
}

/** Groups of a JPEG: blocks of coefficients. */
const jpegGroups = (jpeg) => {
  const units = Math.max(1, Math.floor(64 / (8 * jpeg.h)))
  const groups = { width: 8 * jpeg.h * units, height: 8 * jpeg.v, columns: Math.ceil(jpeg.columns / units), rows: jpeg.rows }
  function* blocks(column, row) {
    for (let unit = column * units; unit < Math.min((column + 1) * units, jpeg.columns); unit++) {
      for (const one of jpeg.components) {
        for (let v = 0; v < one.v; v++) for (let h = 0; h < one.h; h++) yield one.block(unit * one.h + h, row * one.v + v)
      }
    }
  }
  groups.bytes = (column, row) => {
    const writer = new Writer()
    for (const block of blocks(column, row)) {
      writer.u16(block[0])
      for (let place = 1; place < 64; place++) {
        if (block[place] === 0) continue
        writer.put(place)
        writer.u16(block[place])
      }
      writer.put(0)
    }
    return writer.taken()
  }
  groups.isBlank = (column, row) => {
    for (const block of blocks(column, row)) if (block.some((coefficient) => coefficient !== 0)) return false
    return true
  }
  return groups
}

/** Groups of a PNG: tiles of samples. */
const pngGroups = (png) => {
  const groups = { width: 64, height: 16, columns: Math.ceil(png.width / 64), rows: Math.ceil(png.height / 16) }
  function* lines(column, row) {
    const from = column * 64 * png.pixelLength
    const to = Math.min((column + 1) * 64, png.width) * png.pixelLength
    for (let line = row * 16; line < Math.min((row + 1) * 16, png.height); line++) {
      yield png.samples.subarray(line * png.rowLength + from, line * png.rowLength + to)
    }
  }
  const alpha = png.channels === 2 || png.channels === 4 ? png.pixelLength - png.bits / 8 : png.pixelLength
  groups.bytes = (column, row) => concat(...lines(column, row))
  groups.isBlank = (column, row) => {
    for (const line of lines(column, row)) {
      if (line.some((byte, at) => byte !== (at % png.pixelLength >= alpha ? 255 : 128))) return false
    }
    return true
  }
  return groups
}

const orders = { rows: 0, longerSide: 1 }

const headOf = (media, picture, groups, order) => {
  const parts = [
    u8(media === 'jpg' ? 1 : 2), u32(picture.width), u32(picture.height), u8(picture.orientation ?? 1),
    u16(groups.width), u16(groups.height), u8(order),
  ]
  if (media === 'png') return concat(...parts, u8(picture.channels), u8(picture.bits))
  parts.push(u8(picture.hasJfif ? 1 : 0), ...(picture.transform === null ? [u8(0)] : [u8(1), u8(picture.transform)]))
  parts.push(u8(picture.components.length))
  for (const { id, h, v, steps } of picture.components) parts.push(u8(id), u8(h), u8(v), ...steps.map(u16))
  return concat(...parts)
}

/** A rectangle as seen, in the stored picture. */
const storedArea = ([left, top, right, bottom], orientation, w, h) =>
  ({
    1: [left, top, right, bottom],
    2: [w - right, top, w - left, bottom],
    3: [w - right, h - bottom, w - left, h - top],
    4: [left, h - bottom, right, h - top],
    5: [top, left, bottom, right],
    6: [top, h - right, bottom, h - left],
    7: [w - bottom, h - right, w - top, h - left],
    8: [w - bottom, left, w - top, right],
  })[orientation]

/** Which groups are hidden: a row of flags for each row of groups. */
const hiddenGroups = (picture, groups, masked) => {
  const hidden = Array.from({ length: groups.rows }, () => new Uint8Array(groups.columns))
  for (const area of masked) {
    const [left, top, right, bottom] = storedArea(area, picture.orientation ?? 1, picture.width, picture.height)
    const cut = (edge, size, whole) => edge === whole || edge % size === 0
    const right_ = left >= 0 && top >= 0 && left < right && top < bottom && right <= picture.width && bottom <= picture.height
    const between = cut(left, groups.width, picture.width) && cut(right, groups.width, picture.width) &&
      cut(top, groups.height, picture.height) && cut(bottom, groups.height, picture.height)
    demand(right_ && between, `the hidden area ${area.join(', ')} is not made of whole groups of the picture`)
    for (let row = Math.floor(top / groups.height); row < Math.ceil(bottom / groups.height); row++) {
      hidden[row].fill(1, Math.floor(left / groups.width), Math.ceil(right / groups.width))
    }
  }
  return hidden
}

const largestPowerBelow = (number) => 2 ** Math.floor(Math.log2(number - 1))

/** The two parts that a part of several groups is divided in. */
const divide = ({ left, top, right, bottom }, groups, order) => {
  const [columns, rows] = [right - left, bottom - top]
  const byRows = rows > 1 && (order === orders.rows || columns === 1 || rows * groups.height >= columns * groups.width)
  if (byRows) {
    const at = top + largestPowerBelow(rows)
    return [{ left, top, right, bottom: at }, { left, top: at, right, bottom }]
  }
  const at = left + largestPowerBelow(columns)
  return [{ left, top, right: at, bottom }, { left: at, top, right, bottom }]
}

const isOne = ({ left, top, right, bottom }) => right - left === 1 && bottom - top === 1

/** The digest of a shown part, from its seed and its groups. */
const digestFrom = async (seed, part, groups, order, pause) => {
  if (isOne(part)) {
    await pause()
    return prefixed(0x12, seed, groups.bytes(part.left, part.top))
  }
  const [one, other] = divide(part, groups, order)
  const first = await digestFrom(firstSeed(seed), one, groups, order, pause)
  return prefixed(0x13, first, await digestFrom(secondSeed(seed), other, groups, order, pause))
}

const openingStart = fromText('testigo opening v1\n')

class Opening {
  constructor(bytes) {
    this.bytes = bytes
    demand(equal(bytes.subarray(0, openingStart.length), openingStart), 'its opening does not begin like one')
    this.order = bytes[openingStart.length]
    demand(this.order === orders.rows || this.order === orders.longerSide, 'its opening has an unknown order')
    this.at = openingStart.length + 1
  }

  next() {
    demand(this.at + 32 <= this.bytes.length, 'its opening is too short')
    this.at += 32
    return this.bytes.subarray(this.at - 32, this.at)
  }
}

/** Digest of a part, which the opening shows, hides or divides. */
const digestOf = async (part, hidden, groups, opening, pause) => {
  let [shown, wiped] = [false, false]
  for (let row = part.top; row < part.bottom; row++) {
    for (let column = part.left; column < part.right; column++) {
      if (hidden[row][column]) wiped = true
      else shown = true
    }
  }
  if (!shown) return opening.next()
  if (!wiped) return digestFrom(opening.next(), part, groups, opening.order, pause)
  const [one, other] = divide(part, groups, opening.order)
  const first = await digestOf(one, hidden, groups, opening, pause)
  return prefixed(0x13, first, await digestOf(other, hidden, groups, opening, pause))
}

/** The commitment that follows from a published picture, its hidden areas and its opening; a Fault where none does. */
export const commitmentOf = async ({ media, width, height, masked }, bytes, openingBytes, pause = async () => {}) => {
  const picture = media === 'jpg' ? readJpeg(bytes) : await readPng(bytes)
  const turned = (picture.orientation ?? 1) >= 5
  const [seenWidth, seenHeight] = turned ? [picture.height, picture.width] : [picture.width, picture.height]
  demand(seenWidth === width && seenHeight === height, `it has ${seenWidth} x ${seenHeight} pixels, the ledger says ${width} x ${height}`)
  const groups = media === 'jpg' ? jpegGroups(picture) : pngGroups(picture)
  const hidden = hiddenGroups(picture, groups, masked)
  for (let row = 0; row < groups.rows; row++) {
    for (let column = 0; column < groups.columns; column++) {
      demand(!hidden[row][column] || groups.isBlank(column, row), 'something is drawn into a hidden area')
      await pause()
    }
  }
  const opening = new Opening(openingBytes)
  const all = { left: 0, top: 0, right: groups.columns, bottom: groups.rows }
  const root = await digestOf(all, hidden, groups, opening, pause)
  demand(opening.at === openingBytes.length, 'its opening is too long')
  const head = headOf(media, picture, groups, opening.order)
  return toHex(sha256(concat(fromText('testigo pixels v1\n'), head, root)))
}
