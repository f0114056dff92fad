// Mirrors for the walks: published by the program, served by Python, copied as to a USB stick, and forged with the real key.

import { spawn } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Serves a folder with Python's own web server until `stop` is called. */
export async function serveWithPython(folder) {
  const child = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1'], {
    cwd: folder,
    // It logs each request; a log that nobody reads would stop it when the pipe is full.
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let said = ''
  const port = await new Promise((resolve, reject) => {
    const listen = (bytes) => {
      said += bytes
      const found = /port (\d+)/.exec(said)
      if (found) resolve(found[1])
    }
    child.stdout.on('data', listen)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`http.server ended with ${code}:\n${said}`)))
  })
  return { url: `http://127.0.0.1:${port}`, stop: () => child.kill() }
}

const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest()

/** A key to sign notes with, from its 32 bytes of seed. `type` is 1 for a ledger, 4 for a witness. */
export function noteKey(name, seed, type = 1) {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' })
  const bytes = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32)
  const data = Buffer.concat([Buffer.from([type]), bytes])
  const id = sha256(`${name}\n`, data).subarray(0, 4)
  const line = (...parts) => `\u2014 ${name} ${Buffer.concat([id, ...parts]).toString('base64')}\n`
  return {
    text: `${name}+${id.toString('hex')}+${data.toString('base64')}`,
    note: (text) => `${text}\n${line(sign(null, Buffer.from(text), key))}`,
    cosignature(text, seconds) {
      const time = Buffer.alloc(8)
      time.writeBigUInt64BE(BigInt(seconds))
      return line(time, sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${text}`), key))
    },
  }
}

/** The one private key in a folder of keys. */
export async function ledgerKey(keys) {
  const [file] = (await readdir(keys)).filter((name) => name.endsWith('.key'))
  const text = await readFile(join(keys, file), 'utf8')
  const [, name, , data] = /PRIVATE\+KEY\+([^+]+)\+([0-9a-f]{8})\+(\S+)/.exec(text)
  return noteKey(name, Buffer.from(data, 'base64').subarray(1))
}

function root(leaves) {
  if (leaves.length < 2) return leaves[0] ?? sha256('')
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1))
  return sha256([1], root(leaves.slice(0, split)), root(leaves.slice(split)))
}

function split(bundle) {
  const entries = []
  for (let at = 0; at < bundle.length; at += 2 + bundle.readUInt16BE(at)) {
    entries.push(bundle.subarray(at + 2, at + 2 + bundle.readUInt16BE(at)))
  }
  return entries
}

const join16 = (entries) =>
  Buffer.concat(entries.flatMap((entry) => [Buffer.from([entry.length >> 8, entry.length & 255]), entry]))

/**
 * Rewrites the history of a small mirror: `change` turns one entry's text into another, and the head is signed anew with
 * the ledger's own key. What is published of it is taken away, so that only the history can give it away.
 */
export async function rewriteHistory(mirror, key, change) {
  const [origin, size] = (await readFile(join(mirror, 'ledger/checkpoint'), 'utf8')).split('\n')
  const folder = join(mirror, 'ledger/tile/entries')
  const path = join(folder, `000.p/${size}`)
  const entries = split(await readFile(path)).map((entry) => Buffer.from(change(entry.toString('utf8'))))
  await writeFile(path, join16(entries))
  const head = root(entries.map((entry) => sha256([0], entry)))
  await writeFile(join(mirror, 'ledger/checkpoint'), key.note(`${origin}\n${size}\n${head.toString('base64')}\n`))
  for (const gone of ['data', 'manifest', 'ledger/checkpoints']) await rm(join(mirror, gone), { recursive: true, force: true })
}

/** Adds a line by a witness to a mirror's head. */
export async function cosign(mirror, witness, seconds) {
  const path = join(mirror, 'ledger/checkpoint')
  const note = await readFile(path, 'utf8')
  const text = note.slice(0, note.lastIndexOf('\n\n') + 1)
  await writeFile(path, note + witness.cosignature(text, seconds))
}
