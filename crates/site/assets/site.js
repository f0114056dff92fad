// Pages work without this. With it, tables can be sorted, and new results appear by themselves.
'use strict'

const digits = (text) => {
  const found = text.replace(/[^0-9]/g, '')
  return found === '' ? -1 : Number(found)
}

// Sorts a table's rows by one column: as numbers where the column is one of numbers, else as text.
const sortRows = (table, column, descending) => {
  const heads = [...table.tHead.rows[0].cells]
  const asNumbers = heads[column].classList.contains('n')
  const collator = new Intl.Collator(document.documentElement.lang, { numeric: true })
  // Of a column of numbers the number itself, which stands first: notes may follow it.
  const value = ({ cells: { [column]: cell } }) => (asNumbers ? cell.firstChild : cell)?.textContent ?? ''
  const rows = [...table.tBodies[0].rows]
  rows.sort((one, other) =>
    asNumbers ? digits(value(one)) - digits(value(other)) : collator.compare(value(one), value(other)))
  if (descending) rows.reverse()
  table.tBodies[0].append(...rows)
  for (const [at, head] of heads.entries()) {
    if (at === column) head.setAttribute('aria-sort', descending ? 'descending' : 'ascending')
    else head.removeAttribute('aria-sort')
  }
}

const makeSortable = (table) => {
  for (const [column, head] of [...table.tHead.rows[0].cells].entries()) {
    if (head.tagName !== 'TH' || !head.textContent.trim()) continue
    const button = document.createElement('button')
    button.type = 'button'
    button.append(...head.childNodes)
    button.addEventListener('click', () => {
      const now = head.getAttribute('aria-sort')
      sortRows(table, column, now ? now === 'ascending' : head.classList.contains('n'))
    })
    head.append(button)
  }
}

// A map can be brought closer with buttons or the keys + - 0, moved with the arrow keys or a drag, and says under the
// pointer or the focus what a place's figures are.
const makeZoomable = (map) => {
  const picture = map.querySelector('svg')
  const whole = picture.getAttribute('viewBox').split(' ').map(Number)
  let [x, y, width] = whole
  const height = () => (width * whole[3]) / whole[2]
  const show = () => {
    const within = (at, size, from, all) => Math.min(Math.max(at, from), from + all - size)
    width = Math.min(Math.max(width, whole[2] / 12), whole[2])
    x = within(x, width, whole[0], whole[2])
    y = within(y, height(), whole[1], whole[3])
    picture.setAttribute('viewBox', `${x} ${y} ${width} ${height()}`)
    map.classList.toggle('near', width < whole[2])
  }
  const zoom = (factor) => {
    x += (width - width * factor) / 2
    y += (height() - height() * factor) / 2
    width *= factor
    show()
  }
  const everything = () => {
    ;[x, y, width] = whole
    show()
  }
  const move = (right, down) => {
    x += width * right
    y += height() * down
    show()
  }
  const tools = document.createElement('p')
  tools.className = 'tools'
  for (const [sign, name, act] of [
    ['+', map.dataset.closer, () => zoom(0.6)],
    ['−', map.dataset.farther, () => zoom(1 / 0.6)],
    ['⤢', map.dataset.everything, everything],
  ]) {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = sign
    button.setAttribute('aria-label', name)
    button.addEventListener('click', act)
    tools.append(button)
  }
  map.prepend(tools)
  const keys = {
    '+': () => zoom(0.6), '=': () => zoom(0.6), '-': () => zoom(1 / 0.6), 0: everything,
    ArrowLeft: () => move(-0.2, 0), ArrowRight: () => move(0.2, 0), ArrowUp: () => move(0, -0.2), ArrowDown: () => move(0, 0.2),
  }
  map.addEventListener('keydown', (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key]
    if (!act || (event.key.startsWith('Arrow') && width === whole[2])) return
    event.preventDefault()
    act()
  })
  let held = null
  picture.addEventListener('pointerdown', (event) => {
    if (width < whole[2]) held = { at: [event.clientX, event.clientY], from: [x, y], moved: false }
  })
  picture.addEventListener('pointermove', (event) => {
    if (!held) return
    const scale = width / picture.clientWidth
    const [right, down] = [event.clientX - held.at[0], event.clientY - held.at[1]]
    held.moved ||= Math.hypot(right, down) > 5
    if (!held.moved) return
    ;[x, y] = [held.from[0] - right * scale, held.from[1] - down * scale]
    show()
  })
  // A drag that ends on a place does not open it.
  picture.addEventListener('click', (event) => held?.moved && event.preventDefault(), true)
  addEventListener('pointerup', () => setTimeout(() => (held = null)))
  picture.addEventListener('dragstart', (event) => event.preventDefault())
  const hint = document.createElement('p')
  hint.className = 'hint'
  hint.setAttribute('aria-hidden', 'true')
  map.append(hint)
  for (const place of picture.querySelectorAll('a')) {
    place.querySelector('title')?.remove()
    const say = () => (hint.textContent = place.getAttribute('aria-label'))
    place.addEventListener('pointerenter', say)
    place.addEventListener('focus', say)
  }
}

// Looks places up in an index of small files, so that a copy of the site without a server finds them too: each word leads
// to the files of keys that begin like it.
const folded = (text) =>
  text.normalize('NFD').toLowerCase().replace(/[\u0300-\u036f]/g, '')
    .replace(/ß/g, 'ss').replace(/æ/g, 'ae').replace(/œ/g, 'oe').replace(/ø/g, 'o').replace(/ł/g, 'l').replace(/ı/g, 'i')
    .replace(/[^\p{L}\p{N}\s]/gu, ' ')

const asked = new Map()

// Once asked for, a file of the index is not asked for again: places are only ever added.
const indexFile = (first, beginning) => {
  const name = beginning === '' ? 'all' : '-' + beginning.replace(/[^a-z0-9_]/gu, (letter) => '~' + letter.codePointAt(0).toString(16))
  if (!asked.has(name)) {
    const address = new URL(first, document.baseURI).href.replace(/all\.json$/, name + '.json')
    asked.set(name, fetch(address).then((answer) => (answer.ok ? answer.json() : {})))
  }
  return asked.get(name)
}

// The places of one word, or null where it is still too short to tell.
const placesOf = async (first, word) => {
  let beginning = ''
  for (;;) {
    const file = await indexFile(first, beginning)
    if (file.places) return file
    const longer = (file.longer ?? []).filter((one) => word.startsWith(one) || one === beginning + '_')
    const next = longer.find((one) => one.length > beginning.length && word.startsWith(one)) ?? longer[0]
    if (next === undefined) return word.length > beginning.length ? { places: [] } : null
    beginning = next
    if (beginning.length > word.length && !beginning.endsWith('_')) return null
  }
}

const find = async (form, text) => {
  const words = folded(text).split(/\s+/).filter(Boolean)
  const keys = [...new Set([...words, folded(text).replace(/\s+/g, '')])]
  const files = (await Promise.all(keys.map((key) => placesOf(form.dataset.find, key)))).filter(Boolean)
  const fits = (place) => {
    const said = [place.code, place.name ?? '', ...place.within].map(folded).join(' ').split(/\s+/)
    const code = folded(place.code).replace(/\s+/g, '')
    return code.startsWith(keys.at(-1)) || words.every((word) => said.some((one) => one.startsWith(word)))
  }
  const found = new Map()
  // The smallest file of the words has all places that fit; that of the whole text has the codes.
  files.sort((one, other) => one.places.length - other.places.length || (one.more ? 1 : 0) - (other.more ? 1 : 0))
  for (const file of files) {
    for (const place of file.places) if (fits(place)) found.set(`${place.level} ${place.code}`, place)
  }
  const more = files.length === 0 || (found.size === 0 && files.some((file) => file.more))
  return { places: [...found.values()].sort((one, other) => one.level - other.level || (one.code < other.code ? -1 : 1)), more }
}

const hitsOf = ({ places, more }, form) => {
  const root = document.body.dataset.root ?? '/'
  const segments = form.dataset.segments.split(' ')
  const names = form.dataset.names.split('|')
  const list = document.createElement('ul')
  list.className = 'hits'
  for (const place of places) {
    const link = document.createElement('a')
    const path = `${form.dataset.language ? form.dataset.language + '/' : ''}${segments[place.level]}/${place.code}`
    link.href = root === '/' ? `/${path}` : `${root}${path}/index.html`
    const named = place.name && place.name !== place.code
    link.textContent = named ? place.name : `${names[place.level]} ${place.code}`
    const note = document.createElement('span')
    note.className = 'note'
    note.textContent = [named ? `${names[place.level]} ${place.code}` : '', ...place.within].filter(Boolean).join(', ')
    const item = document.createElement('li')
    item.append(link, ' ', note)
    list.append(item)
  }
  if (places.length === 0) {
    const item = document.createElement('li')
    item.textContent = more ? form.dataset.more : form.dataset.none
    list.append(item)
  }
  return list
}

// Shows what is found below the field while one types, and on the page of the search in place of what the server found.
const makeFinder = (form) => {
  const input = form.querySelector('input')
  const own = input.id === 'words' && document.querySelector('#hits')
  const shown = own || document.createElement('div')
  if (!own) {
    shown.className = 'suggest'
    shown.setAttribute('role', 'status')
    form.append(shown)
  }
  let turn = 0
  const look = async (most) => {
    const mine = ++turn
    const text = input.value.trim()
    if (text.length < 2) return own || shown.replaceChildren()
    try {
      const found = await find(form, text)
      if (mine === turn) shown.replaceChildren(hitsOf({ ...found, places: found.places.slice(0, most) }, form))
    } catch {
      // Without the index the form still asks the server.
    }
  }
  let timer = 0
  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(look, 150, own ? 100 : 8)
  })
  form.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !own) shown.replaceChildren()
  })
  form.addEventListener('focusout', (event) => {
    if (!own && !form.contains(event.relatedTarget)) setTimeout(() => shown.replaceChildren(), 200)
  })
  if (!own) return
  const words = new URLSearchParams(location.search).get('q')
  // A copy without a server has not read the words of the address.
  if (words && !input.value) {
    input.value = words
    look(100)
  }
}

// A picture of a sheet is enlarged by a press on it or the button, and moved by scrolling.
const makeEnlargeable = (scan) => {
  const paper = scan.querySelector('.paper')
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'enlarge'
  button.textContent = scan.dataset.zoom
  button.setAttribute('aria-pressed', 'false')
  const turn = (event) => {
    const before = paper.getBoundingClientRect()
    const [right, down] = event?.clientX === undefined ? [0.5, 0]
      : [(event.clientX - before.left) / before.width, (event.clientY - before.top) / before.height]
    const large = scan.classList.toggle('large')
    button.setAttribute('aria-pressed', String(large))
    scan.scrollTo(paper.clientWidth * right - scan.clientWidth / 2, paper.clientHeight * down - scan.clientHeight / 2)
  }
  button.addEventListener('click', () => turn())
  scan.querySelector('img').addEventListener('click', turn)
  scan.before(button)
}

// Pointing at a number or a reading marks its place on the sheet, and the other way round.
const makeLinked = (link) => {
  const mark = document.getElementById(link.getAttribute('href').slice(1))
  const back = mark?.closest('a')?.getAttribute('href').slice(1)
  const from = link.closest('.figure') ?? document.getElementById(back)
  if (!from) return
  const both = (on) => () => [from, mark].forEach((one) => one.classList.toggle('pointed', on))
  for (const one of [from, mark]) {
    one.addEventListener('pointerenter', both(true))
    one.addEventListener('pointerleave', both(false))
  }
}

// Days since a date, today and not on the day the page was written.
const tellDays = (place) => {
  const [year, month, day] = place.dataset.due.split('-').map(Number)
  const now = new Date()
  const days = Math.round((Date.UTC(now.getFullYear(), now.getMonth(), now.getDate()) - Date.UTC(year, month - 1, day)) / 86400000)
  if (days > 0) place.textContent = place.dataset.text.replace('{days}', days.toLocaleString(document.documentElement.lang))
}

const prepare = () => {
  document.querySelectorAll('main form[data-find]').forEach(makeFinder)
  document.querySelectorAll('.scan[data-zoom]').forEach(makeEnlargeable)
  document.querySelectorAll('a.place, a.figure').forEach(makeLinked)
  document.querySelectorAll('table[data-sort]').forEach(makeSortable)
  document.querySelectorAll('[data-map]').forEach(makeZoomable)
  document.querySelectorAll('[data-due]').forEach(tellDays)
}

// What a reader has done to the page, so that it survives new results.
const remember = () => ({
  sorted: [...document.querySelectorAll('table[data-sort]')].map((table) => {
    const column = [...table.tHead.rows[0].cells].findIndex((head) => head.hasAttribute('aria-sort'))
    return [column, column >= 0 && table.tHead.rows[0].cells[column].getAttribute('aria-sort') === 'descending']
  }),
  scrolled: [...document.querySelectorAll('.scan')].map((scan) => scan.scrollTop),
  focused: [...document.querySelectorAll('main a, main button, main input, main [tabindex]')].indexOf(document.activeElement),
  typed: document.querySelector('#words')?.value,
})

const restore = ({ sorted, scrolled, focused, typed }) => {
  document.querySelectorAll('table[data-sort]').forEach((table, at) => {
    const [column, descending] = sorted[at] ?? [-1]
    if (column >= 0) sortRows(table, column, descending)
  })
  document.querySelectorAll('.scan').forEach((scan, at) => (scan.scrollTop = scrolled[at] ?? 0))
  if (typed !== undefined) document.querySelector('#words').value = typed
  document.querySelectorAll('main a, main button, main input, main [tabindex]')[focused]?.focus({ preventScroll: true })
}

let wanted = Number(document.body.dataset.size)
let timer = 0

// Fetches this page again and puts its main part in place of the old one.
const refresh = async () => {
  timer = 0
  if (document.hidden) return
  try {
    const answer = await fetch(location.href, { cache: 'no-cache' })
    if (!answer.ok) return
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const before = remember()
    const { scrollX, scrollY } = window
    document.querySelector('main').replaceChildren(...page.querySelector('main').childNodes)
    document.querySelector('#head').replaceChildren(...page.querySelector('#head').childNodes)
    document.title = page.title
    document.body.dataset.size = page.body.dataset.size
    prepare()
    restore(before)
    window.scrollTo(scrollX, scrollY)
    const news = document.querySelector('#news')
    const size = Number(page.body.dataset.size).toLocaleString(document.documentElement.lang)
    news.textContent = news.dataset.text.replace('{size}', size)
  } catch {
    // Offline for a moment: the next news brings the next attempt.
  }
}

// Not all readers at once, and not more often than one can read.
const refreshSoon = () => {
  if (wanted > Number(document.body.dataset.size) && !timer) timer = setTimeout(refresh, 400 + Math.random() * 1200)
}

prepare()
document.querySelectorAll('header form[data-find]').forEach(makeFinder)
if (document.body.dataset.live && window.EventSource) {
  const news = new EventSource(document.body.dataset.live)
  news.addEventListener('message', (event) => {
    wanted = Number(event.data)
    refreshSoon()
  })
  document.addEventListener('visibilitychange', () => document.hidden || refreshSoon())
}
