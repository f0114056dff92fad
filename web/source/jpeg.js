// Reads the quantised coefficients of a published JPEG (docs/ledger-format.md, "Published pictures"): sequential Huffman coding,
// and nothing in the file but what pixels follow from. Nothing is turned into pixels here.

import { demand, equal } from './bytes.js'

const zigzagLength = 64
const jfif = [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]
const exif = [
  0x45, 0x78, 0x69, 0x66, 0, 0, 0x4d, 0x4d, 0, 0x2a, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0,
]
const orientationAt = 25
const adobe = [0x41, 0x64, 0x6f, 0x62, 0x65, 0, 0x64, 0, 0, 0, 0, 0]

const markers = { start: 0xd8, end: 0xd9, app0: 0xe0, app1: 0xe1, app14: 0xee, dqt: 0xdb, sof0: 0xc0, sof1: 0xc1, dht: 0xc4, sos: 0xda }

/** A fault of the picture, without its name. */
const need = (right, cause) => demand(right, `not a published JPEG: ${cause}`)

/** Goes over a file marker by marker. */
class Segments {
  constructor(bytes) {
    this.bytes = bytes
    this.at = 0
  }

  byte() {
    need(this.at < this.bytes.length, 'it is cut off')
    return this.bytes[this.at++]
  }

  u16() {
    return (this.byte() << 8) | this.byte()
  }

  /** The next marker, without going over it. */
  peek() {
    need(this.bytes[this.at] === 0xff && this.at + 1 < this.bytes.length, `no marker at byte ${this.at}`)
    return this.bytes[this.at + 1]
  }

  marker(expected) {
    const found = this.peek()
    need(found === expected, `marker ${found.toString(16)} where ${expected.toString(16)} is expected`)
    this.at += 2
  }

  /** The inside of a marker segment. */
  segment(expected) {
    this.marker(expected)
    const length = this.u16() - 2
    need(length >= 0 && this.at + length <= this.bytes.length, 'a segment is cut off')
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Picture data up to the next marker, its stuffed zeros taken out. */
  pictureData() {
    const data = new Uint8Array(this.bytes.length - this.at)
    let length = 0
    for (;;) {
      const byte = this.byte()
      if (byte === 0xff) {
        if (this.bytes[this.at] !== 0) {
          this.at--
          return data.subarray(0, length)
        }
        this.at++
      }
      data[length++] = byte
    }
  }
}

/** A Huffman table, looked up by 16 bits: value and length of the code that they begin with. */
const huffmanTable = (counts, values) => {
  const table = new Int32Array(1 << 16).fill(-1)
  let [code, at] = [0, 0]
  for (let length = 1; length <= 16; length++) {
    for (let number = 0; number < counts[length - 1]; number++) {
      need(code < 1 << length, 'a Huffman table has more codes than there are')
      const start = code << (16 - length)
      table.fill((values[at++] << 5) | length, start, start + (1 << (16 - length)))
      code++
    }
    code <<= 1
  }
  return table
}

const readTables = (segment, tables) => {
  let at = 0
  while (at < segment.length) {
    const place = segment[at]
    need(place >> 4 <= 1 && (place & 15) <= 3, 'a Huffman table of an unknown kind')
    const counts = segment.subarray(at + 1, at + 17)
    const total = counts.reduce((sum, count) => sum + count, 0)
    need(counts.length === 16 && total <= 256 && at + 17 + total <= segment.length, 'a Huffman table is cut off')
    tables.set(place, huffmanTable(counts, segment.subarray(at + 17, at + 17 + total)))
    at += 17 + total
  }
}

class Bits {
  constructor(data) {
    this.data = data
    this.at = 0
    this.held = 0
    this.count = 0
  }

  fill(wanted) {
    while (this.count < wanted) {
      // Beyond the end there are zeros; whoever used them is found out at the end.
      this.held = ((this.held << 8) | (this.data[this.at++] ?? 0)) & 0xffffff
      this.count += 8
    }
  }

  symbol(table) {
    this.fill(16)
    const found = table[(this.held >> (this.count - 16)) & 0xffff]
    need(found >= 0, 'the picture data has a code of no table')
    this.count -= found & 31
    return found >> 5
  }

  /** A number of so many bits, with the sign that JPEG gives it. */
  value(length) {
    if (length === 0) return 0
    this.fill(length)
    this.count -= length
    const bits = (this.held >> this.count) & ((1 << length) - 1)
    return bits >= 1 << (length - 1) ? bits : bits - (1 << length) + 1
  }

  /** Whether all has been used but for the last byte's rest. */
  isAtEnd() {
    const unread = this.count - 8 * Math.max(0, this.at - this.data.length)
    return unread >= 0 && unread + 8 * Math.max(0, this.data.length - this.at) < 8
  }
}

const decodeBlock = (bits, dc, ac, before, block) => {
  const size = bits.symbol(dc)
  need(size <= 15, 'a difference of more than 15 bits')
  const first = before + bits.value(size)
  need(first >= -32768 && first <= 32767, 'a coefficient of more than 16 bits')
  block[0] = first
  for (let place = 1; place < zigzagLength; place++) {
    const symbol = bits.symbol(ac)
    const [run, length] = [symbol >> 4, symbol & 15]
    if (length === 0) {
      if (run === 0) break
      need(run === 15, 'an end of a band, which only progressive pictures have')
      place += 15
      need(place < zigzagLength, 'a run of zeros goes past the end of a block')
      continue
    }
    place += run
    need(place < zigzagLength, 'a run of zeros goes past the end of a block')
    block[place] = bits.value(length)
  }
  return first
}

const decodeScan = (bits, parts, { columns, rows }) => {
  if (parts.length === 1) {
    const [{ component, dc, ac }] = parts
    let before = 0
    for (let row = 0; row < component.ownRows; row++) {
      for (let column = 0; column < component.ownColumns; column++) {
        before = decodeBlock(bits, dc, ac, before, component.block(column, row))
      }
    }
    return
  }
  const before = parts.map(() => 0)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      parts.forEach(({ component, dc, ac }, part) => {
        for (let v = 0; v < component.v; v++) {
          for (let h = 0; h < component.h; h++) {
            const block = component.block(column * component.h + h, row * component.v + v)
            before[part] = decodeBlock(bits, dc, ac, before[part], block)
          }
        }
      })
    }
  }
}

/** What the frame says, with room for the coefficients. */
const readFrame = (segment, quantisation) => {
  const [precision, ...size] = segment.subarray(0, 5)
  const [height, width] = [(size[0] << 8) | size[1], (size[2] << 8) | size[3]]
  const count = segment[5]
  need(segment.length === 6 + 3 * count && (count === 1 || count === 3), 'it has neither one nor three components')
  need(precision === 8 && width > 0 && height > 0, 'not 8 bits a sample, or no pixels')
  need(quantisation.length === count, 'not one quantisation table for each component')
  const components = quantisation.map((steps, at) => {
    const [id, factors, table] = segment.subarray(6 + 3 * at, 9 + 3 * at)
    const [h, v] = [factors >> 4, factors & 15]
    need(table === at && h >= 1 && h <= 4 && v >= 1 && v <= 4, `component ${at} has another table or a wrong factor`)
    return { id, steps, h: count === 1 ? 1 : h, v: count === 1 ? 1 : v }
  })
  need(new Set(components.map(({ id }) => id)).size === count, 'two components have one name')
  const [h, v] = [Math.max(...components.map((one) => one.h)), Math.max(...components.map((one) => one.v))]
  const frame = { width, height, h, v, columns: Math.ceil(width / (8 * h)), rows: Math.ceil(height / (8 * v)), components }
  for (const one of components) {
    one.ownColumns = Math.ceil(Math.ceil((width * one.h) / h) / 8)
    one.ownRows = Math.ceil(Math.ceil((height * one.v) / v) / 8)
    one.blocksAcross = frame.columns * one.h
    one.coefficients = new Int16Array(one.blocksAcross * frame.rows * one.v * zigzagLength)
    one.block = (column, row) => {
      const at = (row * one.blocksAcross + column) * zigzagLength
      return one.coefficients.subarray(at, at + zigzagLength)
    }
  }
  return frame
}

const readQuantisation = (segment, number) => {
  const [precision, table] = [segment[0] >> 4, segment[0] & 15]
  const steps = segment.subarray(1)
  need(precision <= 1 && table === number && steps.length === zigzagLength << precision, 'a quantisation table out of order')
  return Array.from({ length: zigzagLength }, (_, at) => (precision ? (steps[2 * at] << 8) | steps[2 * at + 1] : steps[at]))
}

const readScan = (segments, frame, tables, scanned) => {
  while (segments.peek() === markers.dht) readTables(segments.segment(markers.dht), tables)
  const segment = segments.segment(markers.sos)
  const count = segment[0]
  need(count >= 1 && count <= 3 && segment.length === 4 + 2 * count, 'a scan of an unknown form')
  need(equal(segment.subarray(1 + 2 * count), [0, 63, 0]), 'a scan that is not sequential')
  const parts = Array.from({ length: count }, (_, at) => {
    const [id, places] = segment.subarray(1 + 2 * at, 3 + 2 * at)
    const component = frame.components.find((one) => one.id === id)
    need(component && !scanned.has(component), 'a scan of an unknown component, or of one that was scanned already')
    scanned.add(component)
    const [dc, ac] = [tables.get(places >> 4), tables.get(0x10 | (places & 15))]
    need(dc && ac, 'a scan without its Huffman table')
    return { component, dc, ac }
  })
  const places = parts.map(({ component }) => frame.components.indexOf(component))
  need(places.every((place, at) => at === 0 || places[at - 1] < place), 'a scan with its components out of order')
  const bits = new Bits(segments.pictureData())
  decodeScan(bits, parts, frame)
  need(bits.isAtEnd(), 'picture data is missing, or left over')
}

/** The frame with the coefficients of its components in zigzag order, and what else the pixels follow from. */
export const readJpeg = (bytes) => {
  const segments = new Segments(bytes)
  segments.marker(markers.start)
  let [hasJfif, orientation, transform] = [false, 1, null]
  if (segments.peek() === markers.app0) {
    need(equal(segments.segment(markers.app0), jfif), 'APP0 is not the one allowed')
    hasJfif = true
  }
  if (segments.peek() === markers.app1) {
    const inside = segments.segment(markers.app1)
    orientation = inside[orientationAt]
    const form = exif.map((byte, at) => (at === orientationAt ? orientation : byte))
    need(equal(inside, form) && orientation >= 2 && orientation <= 8, 'APP1 is not the one allowed')
  }
  if (segments.peek() === markers.app14) {
    const inside = segments.segment(markers.app14)
    transform = inside[11]
    need(inside.length === 12 && equal(inside.subarray(0, 11), adobe.slice(0, 11)), 'APP14 is not the one allowed')
  }
  const quantisation = []
  while (segments.peek() === markers.dqt) quantisation.push(readQuantisation(segments.segment(markers.dqt), quantisation.length))
  const kind = segments.peek() === markers.sof1 ? markers.sof1 : markers.sof0
  const frame = readFrame(segments.segment(kind), quantisation)
  const [tables, scanned] = [new Map(), new Set()]
  while (scanned.size < frame.components.length) readScan(segments, frame, tables, scanned)
  segments.marker(markers.end)
  need(segments.at === bytes.length, 'something follows its end')
  return { ...frame, hasJfif, orientation, transform }
}
