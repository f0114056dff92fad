// Trust policies (C2SP tlog-policy) and the cosignatures they ask for (C2SP tlog-cosignature, cosignature/v1).

import { demand, equal, fromText, toHex, toText } from './bytes.js'
import { countersigner, NoteKey, splitNote } from './note.js'

const longestPolicy = 1 << 20
const none = 'none'

/** Takes a policy apart; a Fault, with the line, where it is none. */
export const readPolicy = (bytes) => {
  const text = toText(bytes)
  demand(bytes.length <= longestPolicy && text !== null, 'the policy is longer than one may be, or not UTF-8')
  demand(!/[\0-\x08\x0b-\x1f\x7f]/.test(text), 'the policy holds a control character')
  demand(text.endsWith('\n'), 'the last line of the policy does not end with a line feed')
  const policy = { logs: [], witnesses: [], groups: new Map(), quorum: null }
  const names = new Map()
  const ids = new Set()
  const taken = new Set()
  const lines = text.slice(0, -1).split('\n')
  lines.forEach((line, at) => {
    const need = (right, cause) => demand(right, `line ${at + 1} of the policy: ${cause}`)
    const words = line.split(/[ \t]+/).filter((word) => word !== '')
    const [keyword, ...rest] = words
    if (keyword === undefined || keyword.startsWith('#')) return
    const define = (name, value) => {
      need(name !== none, `\`${none}\` names nothing else`)
      need(!names.has(name), `\`${name}\` is the name of something on an earlier line`)
      names.set(name, value)
    }
    const useKey = (written, type) => {
      const key = new NoteKey(written, type)
      const bytes = toHex(key.key.bytes)
      need(!ids.has(bytes), `the key of \`${key.name}\` stands on an earlier line too`)
      ids.add(bytes)
      return key
    }
    switch (keyword) {
      case 'log':
        need(rest.length === 1 || rest.length === 2, 'it is written `log KEY [URL]`')
        policy.logs.push(useKey(rest[0]))
        break
      case 'witness': {
        need(rest.length === 2 || rest.length === 3, 'it is written `witness NAME KEY [URL]`')
        const witness = { name: rest[0], key: useKey(rest[1], countersigner) }
        define(rest[0], (seen) => seen.has(witness.name))
        policy.witnesses.push(witness)
        break
      }
      case 'group': {
        const [name, threshold, ...members] = rest
        need(members.length > 0, 'it is written `group NAME any|all|NUMBER MEMBER...`')
        const needed = { any: 1, all: members.length }[threshold] ?? (/^[1-9][0-9]{0,5}$/.test(threshold) ? Number(threshold) : 0)
        need(needed >= 1 && needed <= members.length, `\`${threshold}\` of ${members.length} members cannot be asked for`)
        const tests = members.map((member) => {
          need(names.has(member), `\`${member}\` is not the name of a witness or group on an earlier line`)
          need(!taken.has(member), `\`${member}\` is a member of a group already`)
          taken.add(member)
          return names.get(member)
        })
        define(name, (seen) => tests.filter((test) => test(seen)).length >= needed)
        break
      }
      case 'quorum':
        need(rest.length === 1, 'it is written `quorum NAME`')
        need(policy.quorum === null, 'there is a quorum line already')
        need(rest[0] === none || names.has(rest[0]), `\`${rest[0]}\` is not the name of a witness or group on an earlier line`)
        policy.quorum = rest[0] === none ? { needed: false, met: () => true } : { needed: true, met: names.get(rest[0]) }
        break
      default:
        need(false, `\`${keyword}\` begins no line of a policy`)
    }
  })
  demand(policy.quorum, 'the policy has no quorum line')
  return policy
}

const seconds = (bytes) => bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n)
const lastSecond = 2n ** 63n - 1n

/**
 * Whether the witnesses of a policy have countersigned a head: `quorum`, `short`, `none`, or `nobody` where none is asked
 * for. A wrong countersignature under a known witness's name spoils the note.
 */
export const witnessesOf = (policy, bytes, where) => {
  const { text, signatures } = splitNote(bytes, where)
  const seen = new Set()
  for (const { name, key } of policy.witnesses) {
    for (const line of signatures) {
      if (line.name !== key.name || !equal(line.id, key.id)) continue
      const right = line.signature.length === 72
      const time = seconds(line.signature.subarray(0, 8))
      const message = `cosignature/v1\ntime ${time}\n${text}`
      demand(
        right && time <= lastSecond && key.key.verifies(fromText(message), line.signature.subarray(8)),
        `${where}: the countersignature of ${key.name} is wrong`,
      )
      seen.add(name)
    }
  }
  const state = !policy.quorum.needed ? 'nobody' : policy.quorum.met(seen) ? 'quorum' : seen.size > 0 ? 'short' : 'none'
  return { state, names: [...seen] }
}
