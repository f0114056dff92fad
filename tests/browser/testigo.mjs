// Starts what a walk needs: an archive with a simulated election, the server, and Debian's browser.

import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'

const program = process.env.TESTIGO ?? '../../target/debug/testigo'
const browserProgram = process.env.CHROMIUM ?? '/usr/bin/chromium'

// The browser must not speak to anyone on its own: a walk fails on the first request that leaves the site.
const browserFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const run = promisify(execFile)

// Keys of made-up ledgers do not belong among the user's own.
export const keys = mkdtempSync(join(tmpdir(), 'testigo-keys-'))
const environment = { ...process.env, TESTIGO_KEYS: keys }
process.once('exit', () => rmSync(keys, { recursive: true, force: true }))

/** Runs a command of the program to its end. Exit code 1, "finished but something was left out", is an answer too. */
export async function testigo(...words) {
  try {
    return (await run(program, words, { maxBuffer: 64 << 20, env: environment })).stdout
  } catch (fault) {
    if (fault.code === 1) return fault.stdout
    throw new Error(`testigo ${words.join(' ')} ended with ${fault.code}:\n${fault.stderr}`)
  }
}

/** The program's answer to `tally`, parsed. */
export async function tally(archive, ...words) {
  return JSON.parse(await testigo('tally', archive, '--format', 'json', ...words))
}

/** An empty folder, and how to remove it. */
export async function folder() {
  const path = await mkdtemp(join(tmpdir(), 'testigo-browser-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Serves an archive on a free port until `stop` is called. */
export async function serve(archive) {
  const child = spawn(program, ['serve', archive, '--listen', '127.0.0.1:0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  const url = await new Promise((resolve, reject) => {
    const listen = (bytes) => {
      said += bytes
      const address = /listening on (http:\/\/[\d.]+:\d+)/.exec(said)
      if (address) resolve(address[1])
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`testigo serve ended with ${code} before it listened:\n${said}`)))
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  return {
    url,
    stop() {
      child.kill()
      return ended
    },
  }
}

export function launchBrowser() {
  return chromium.launch({ executablePath: browserProgram, args: browserFlags })
}

/**
 * A browser window of its own that watches what the site does. `faults()` lists requests that left the site, cookies,
 * stored data, answers without a Content-Security-Policy (where `policies` are to be looked at: other people's servers send
 * none), and errors on the browser's console.
 */
export async function openWindow(browser, url, { width, height, javaScript = true, language = 'en', policies = true }) {
  const context = await browser.newContext({
    viewport: { width, height },
    javaScriptEnabled: javaScript,
    locale: language,
  })
  const found = []
  context.on('request', (request) => {
    const to = new URL(request.url())
    if (to.protocol !== 'data:' && to.origin !== url) found.push(`a request left the site: ${to}`)
  })
  context.on('response', async (response) => {
    const headers = response.headers()
    const path = new URL(response.url()).pathname
    if (response.status() >= 400) found.push(`${path} was answered with ${response.status()}`)
    if (headers['set-cookie']) found.push(`${path} sets a cookie`)
    if (policies && headers['content-type']?.startsWith('text/html')) {
      const policy = headers['content-security-policy'] ?? ''
      if (!/default-src '(self|none)'/.test(policy)) found.push(`${path} has the policy ${JSON.stringify(policy)}`)
      if (/unsafe-|\*|https?:/.test(policy)) found.push(`${path} has a loose policy: ${policy}`)
    }
  })
  context.on('weberror', (fault) => found.push(`a script failed: ${fault.error()}`))
  context.on('console', (line) => {
    if (line.type() === 'error') found.push(`the console says: ${line.text()}`)
  })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  return {
    page,
    close: () => context.close(),
    async faults() {
      for (const cookie of await context.cookies()) found.push(`a cookie: ${cookie.name}`)
      for (const { localStorage } of (await context.storageState()).origins) {
        for (const { name } of localStorage) found.push(`a stored item: ${name}`)
      }
      return found
    },
  }
}

/** The numbers of a text, whichever way its language groups digits. */
export function wholeNumbers(text) {
  const grouped = /\d{1,3}(?:[.,'\u00a0\u202f\u2009]\d{3})+(?!\d)|\d+/g
  return new Set(text.match(grouped)?.map((digits) => Number(digits.replace(/\D/g, ''))))
}
