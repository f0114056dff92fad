// The canonical form of entries at its edges.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromText } from './source/bytes.js'
import { NotCanonical, readCanonical, writeCanonical } from './source/canonical.js'

test('numbers up to the largest that is exact', () => {
  for (const written of ['0', '9', '10', '999999999', '4294967296', '9007199254740989', '9007199254740990', '9007199254740991']) {
    const value = readCanonical(fromText(written))
    assert.equal(value, Number(written))
    assert.deepEqual(writeCanonical(value), written)
  }
  const others = ['9007199254740992', '9007199254740993', '9999999999999999', '10000000000000000', '01', '00', '-1', '+1', '1.0', '1e3', '1E3', '', ' 1']
  for (const written of others) assert.throws(() => readCanonical(fromText(written)), NotCanonical, written)
})
