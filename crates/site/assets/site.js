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
  const value = (row) => row.cells[column].textContent.split('/')[0]
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

const prepare = () => document.querySelectorAll('table[data-sort]').forEach(makeSortable)

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
if (document.body.dataset.live && window.EventSource) {
  const news = new EventSource(document.body.dataset.live)
  news.addEventListener('message', (event) => {
    wanted = Number(event.data)
    refreshSoon()
  })
  document.addEventListener('visibilitychange', () => document.hidden || refreshSoon())
}
