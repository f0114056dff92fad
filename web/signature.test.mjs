// Ed25519 at its edges, and notes: the same vectors as the other verifiers have.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { Fault, fromBase64, fromText, toBase64 } from './source/bytes.js'
import { NoteKey, openCheckpoint, openNote } from './source/note.js'
import { PublicKey } from './source/signature.js'

const fromHex = (digits) => Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16))
const edges = JSON.parse(readFileSync(new URL('../docs/vectors/signatures.json', import.meta.url), 'utf8'))

for (const { why, key, message, signature, valid } of edges) {
  test(`${valid ? 'accepts' : 'refuses'} a signature: ${why}`, () => {
    const verdict = PublicKey.from(fromHex(key))?.verifies(fromHex(message), fromHex(signature)) ?? false
    assert.equal(verdict, valid)
  })
}

// The example of the C2SP specification of signed notes.
const key = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const note = 'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n'

test('the specified note', () => {
  assert.equal(openNote(fromText(note), new NoteKey(key), 'note'), 'This is an example message.\n')
})

const line = note.slice(note.indexOf('—'))
const stranger = `— somebody ${toBase64(new Uint8Array(72).fill(7))}\n`
const refused = {
  'a changed text': note.replace('example', 'exemple'),
  'carriage returns': note.replaceAll('\n', '\r\n'),
  'bytes that are not UTF-8': Uint8Array.from([...fromText(note).subarray(0, 5), 0xff, ...fromText(note).subarray(5)]),
  'no signature': 'This is an example message.\n\n',
  'no blank line': note.replace('\n\n', '\n'),
  'no last line feed': note.slice(0, -1),
  'a line after the signatures': `${note}x\n`,
  'a line of blanks': `${note} \n`,
  'a wrong second signature by the same key': `${note}${line.replace('Uw2QOkn8', 'Uw2QOkn9')}`,
  'base64 without padding': note.replace('=\n', '\n'),
  'base64 that is not canonical': note.replace('QM=', 'QN='),
  'another dash': note.replace('—', '-'),
  'only strangers': `This is an example message.\n\n${stranger}`,
  'too many lines': note + stranger.repeat(256),
}
for (const [what, bytes] of Object.entries(refused)) {
  test(`refuses a note with ${what}`, () => {
    assert.throws(() => openNote(typeof bytes === 'string' ? fromText(bytes) : bytes, new NoteKey(key), 'note'), Fault)
  })
}

test('ignores the lines of strangers', () => {
  assert.equal(openNote(fromText(note + stranger.repeat(255)), new NoteKey(key), 'note'), 'This is an example message.\n')
})

test('refuses keys that do not say what they are', () => {
  const wrong = [key.replace('530d', '530e'), key.replace('+AekyeR', '+BOkyeR'), key.replace('U2k', 'U2'), 'x', '', `a b${key}`]
  for (const one of wrong) assert.throws(() => new NoteKey(one), Fault, one)
})

test('a note is not yet a checkpoint', () => {
  assert.throws(() => openCheckpoint(fromText(note), new NoteKey(key), 'checkpoint'), /three lines/)
})

test('base64 has one form', () => {
  for (const text of ['', 'AA==', 'AAA=', 'AAAA', '+/+/']) assert.equal(toBase64(fromBase64(text)), text)
  for (const text of ['A', 'AA', 'AAA', 'AB==', 'AA=A', '====', 'AA==AA==', 'A A=', '-_-_', 'AAA=\n']) {
    assert.equal(fromBase64(text), null, text)
  }
})
