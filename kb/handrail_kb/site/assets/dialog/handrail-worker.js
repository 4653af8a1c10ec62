/* Answers Material's search dialog from Handrail's service, or from Material's own worker when the service fails.
 *
 * Material starts this file in place of its own worker and exchanges four kinds of messages with it:
 *   0 SETUP   page to worker  {type: 0, data: {config, docs, options}}
 *   1 READY   worker to page  {type: 1}
 *   2 QUERY   page to worker  {type: 2, data: "what was typed"}
 *   3 RESULT  worker to page  {type: 3, data: {items: [[…]], …}}
 * A RESULT does not name its query: Material shows whatever arrives, so only the answer to the newest QUERY may be posted.
 * Material adds title and text with innerHTML, so nothing but <mark> may get through.
 * Parameters come in the fragment of this file's own address, see `_worker_address` in handrail_kb/site/patch.py.
 */
"use strict"

const PARAMETERS = new URLSearchParams(self.location.hash.slice(1))
const HERE = new URL(self.location.href)
HERE.hash = ""
const ROOT = new URL("../../../", HERE)
const SEARCH = new URL(PARAMETERS.get("api") || "api/search", ROOT)
const MATERIALS_WORKER = new URL(PARAMETERS.get("lunr"), HERE)
const FALLBACK_INDEX = new URL("search/handrail_fallback.json", ROOT)
const TIMEOUT = Number(PARAMETERS.get("timeout")) || 1500    // then simple search is shown while waiting
const LONGEST = Math.max(15000, 2 * TIMEOUT)    // then the service counts as gone
const DEBOUNCE = Number(PARAMETERS.get("debounce")) || 0    // the longest wait after a key
const SHORTEST = Math.min(20, DEBOUNCE)
const HELD = 250    // the longest that a new question waits for the answer to the one before
const HEDGE = Number(PARAMETERS.get("hedge")) || 0
const LAZY = PARAMETERS.get("lazy") === "1"
const LANG = PARAMETERS.get("lang") || ""
// What the customer has chosen: articles about other products, and those in other languages, are left out.
const chosen = new Map(["product", "only_lang"].map(name => [name, PARAMETERS.get(name)]))
const TAB = PARAMETERS.get("tab") || ""
const PAGE = PARAMETERS.get("page") || ""
const FIRST_PAUSE = 1000    // doubled with every failure, until
const LAST_PAUSE = 15000
const MOST_RETRIES = 6
const FALLBACK_LIMIT = 30000

let newest = 0
let settled = 0    // the newest query that the service has answered
let waiting = 0
let request = null
let stopgap = null
let pace = Number(PARAMETERS.get("pace")) || 60    // milliseconds that answers take, the latest ones most of all
let downUntil = Number(PARAMETERS.get("down")) || 0
let failures = downUntil ? 1 : 0
let tellSetup
const setup = new Promise(resolve => { tellSetup = resolve })
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

/* ---- one query ------------------------------------------------------------------------------------------------ */

function post(number, query, answer) {
  if (number !== newest) return
  // Material ignores keys that it does not know, and passes them on to scripts of the page.
  postMessage({ type: 3, data: { ...answer, query, down_until: downUntil, pace: Math.round(pace) } })
}

/* Asks the service. While it is slow or cannot be reached, what simple search finds is shown, marked as such. The
 * service's own answer takes its place whenever it comes, unless the reader has begun to move in what is there. */
async function answer(number, query, meanwhile, retries = 0) {
  if (number !== newest) return
  if (Date.now() < downUntil) {
    await meanwhile.show()
    return againLater(number, query, meanwhile, retries)
  }
  const mine = request = new AbortController()
  const asked = performance.now()
  const timers = [
    HEDGE && setTimeout(() => materialsSearch().catch(() => {}), HEDGE),
    setTimeout(() => meanwhile.show(), failures || pace >= TIMEOUT ? 0 : TIMEOUT),
    setTimeout(() => { pace = Math.max(pace, TIMEOUT) }, TIMEOUT),
    setTimeout(() => mine.abort("too slow"), LONGEST),
  ]
  let found = null
  try {
    found = await askService(query, mine.signal)
  } catch { /* it is asked again */ }
  timers.forEach(clearTimeout)
  if (request === mine) request = null
  if (number !== newest) return
  if (!found) {
    downUntil = Date.now() + Math.min(FIRST_PAUSE * 2 ** failures, LAST_PAUSE)
    failures += 1
    await meanwhile.show()
    return againLater(number, query, meanwhile, retries)
  }
  pace = (pace + performance.now() - asked) / 2
  downUntil = failures = 0
  await meanwhile.giveWay()
  settled = number
  post(number, query, found)
  meanwhile.close()
}

// The service may be back in a second, while the reader still looks at the list of simple search.
function againLater(number, query, meanwhile, retries) {
  if (retries === MOST_RETRIES) return meanwhile.close()
  setTimeout(() => answer(number, query, meanwhile, retries + 1), Math.max(downUntil - Date.now(), 0) + 50)
}

/* What simple search finds for one query, until the service answers. Over a channel the page says that the reader has
 * begun to move in it, and that the better answer is wanted all the same. The channel is open only meanwhile, because it
 * keeps the page out of the browser's cache for going back. */
function openStopgap(number, query) {
  let shown = null
  let channel = null
  let moved = false
  let wanted = () => {}
  function listen() {
    if (!PAGE || number !== newest || number === settled) return
    channel = new BroadcastChannel(`handrail.${PAGE}`)
    channel.onmessage = ({ data }) => {
      if (data.moved === query) moved = true
      if (data.show === query) wanted()
    }
  }
  return {
    show: () => shown ??= answerFromMaterial(number, query, Date.now() >= downUntil).then(listen),
    close: () => channel?.close(),
    giveWay() {
      if (!moved) return
      channel.postMessage({ better: query })
      return new Promise(resolve => { wanted = resolve })
    },
  }
}

let asked = ""
addEventListener("message", ({ data: message }) => {
  if (message.type === 0) tellSetup(message.data)
  if (message.type === 2) ask(asked = message.data.trim())
  if (message.type !== "handrail.choice") return
  if (chosen.has(message.name)) chosen.set(message.name, message.value)
  if (asked) ask(asked)
})

function ask(query) {
  const number = ++newest
  clearTimeout(waiting)
  stopgap?.close()
  if (!query) {
    request?.abort("superseded")
    return post(number, query, { items: [], source: "empty" })
  }
  const code = codeIn(query)
  if (code) return post(number, query, { items: [], source: "code", code })
  const since = performance.now()
  waiting = setTimeout(begin, pauseAfterKey(query))

  // One question at a time while answers are quick: a server under load is asked less often, all by itself.
  function begin() {
    if (request && performance.now() - since < HELD) return waiting = setTimeout(begin, 5)
    request?.abort("superseded")
    answer(number, query, stopgap = openStopgap(number, query))
  }
}

// A reference code, however it is typed; its last sign checks the others (Luhn), as in records/reference_codes.py.
const SIGNS = "234679AFHJKMPQRWXY"
function codeIn(query) {
  const signs = query.toUpperCase().replace(/[\s.\-\u2010-\u2015]/g, "")
  const values = [...signs].reverse().map(sign => SIGNS.indexOf(sign))
  if (values.length !== 9 || values.includes(-1)) return ""
  const sum = values.reduce((sum, value, place) =>
    sum + (place % 2 ? Math.floor(2 * value / SIGNS.length) + 2 * value % SIGNS.length : value), 0)
  return sum % SIGNS.length ? "" : signs.match(/.{3}/g).join("-")
}

/* As short as the service is quick. One or two letters ask for nothing yet. */
function pauseAfterKey(query) {
  return query.length < 3 ? DEBOUNCE : Math.min(Math.max(pace / 2, SHORTEST), DEBOUNCE)
}

/* ---- the service ---------------------------------------------------------------------------------------------- */

async function askService(query, signal) {
  const address = new URL(SEARCH)
  address.searchParams.set("q", query)
  address.searchParams.set("more", "1")    // what lies beyond the end of the list waits behind "Show more"
  if (LANG) address.searchParams.set("lang", LANG)
  if (TAB) address.searchParams.set("tab", TAB)
  if (PARAMETERS.get("keep") === "0") address.searchParams.set("keep", "0")
  for (const [name, value] of chosen) if (value) address.searchParams.set(name, value)
  const response = await fetch(address, { signal, credentials: "same-origin", headers: { accept: "application/json" } })
  if (!response.ok) throw new Error(`the service answered ${response.status}`)
  const found = await response.json()
  if (!Array.isArray(found?.results)) throw new Error("the service gave no list")
  const results = found.results.filter(result => pageAddress(result?.url))
  return {
    items: results.map((result, rank) => toGroup(result, rank, rank ? "" : toCard(found.answer, result))),
    fits: results.map(result => result.fits !== false),
    languages: results.map(result => String(result.lang ?? "")),
    others: results.map(result => Boolean(result.other_language)),
    breadcrumbs: results.map(result => (Array.isArray(result.breadcrumb) ? result.breadcrumb : []).map(String).join(" › ")),
    source: "service",
    verdict: ["answered", "weak", "none"].includes(found.verdict) ? found.verdict : "answered",
    may_mean: (Array.isArray(found.may_mean) ? found.may_mean : []).slice(0, 4).flatMap(meaning => {
      const address = pageAddress(meaning?.url)
      return address && meaning.title ? [{ url: address.href, title: String(meaning.title) }] : []
    }),
    degraded: Boolean(found.degraded),
    people_first: Boolean(found.people_first),
    said: typeof found.contact?.said === "string" ? found.contact.said : "",
    now: toWay(found.contact?.now),
    tell: typeof found.tell === "string" && /^\/(?![/\\])/.test(found.tell) ? found.tell : "",
    corrected: typeof found.corrected === "string" ? found.corrected : "",
    search_id: typeof found.search_id === "string" ? found.search_id : "",
  }
}

/* The channel to a person that is open now, for a question that people should answer. */
function toWay(now) {
  const address = typeof now?.url === "string" ? now.url : ""
  if (!/^(?:tel:\+?[0-9]|mailto:[^\s?&]+@|https:\/\/|\/(?!\/))/.test(address)) return null
  return { url: address, label: String(now.label ?? ""), hours: String(now.hours ?? "") }
}

/* One result as Material's group of one article (without '#') and its sections. Material opens sections that score as
 * well as the first of the group and folds the rest. Enter opens the best score, so ranks are turned into scores. */
function toGroup(result, rank, card) {
  const address = pageAddress(result.url)
  const score = 1000 - rank
  const sections = (Array.isArray(result.sections) ? result.sections : []).slice(0, 5)
  const terms = markedWords([result, ...sections])
  const excerpt = snippet => snippet ? `<p>${onlyMarks(snippet)}</p>` : ""
  const item = (location, title, snippet, points, text = excerpt(snippet)) =>
    ({ location, title: escaped(title), text, score: points, terms })
  const further = sections.flatMap(section => {
    const place = pageAddress(section?.url)
    return place?.hash ? [item(place.href, section.heading || result.title, section.snippet, score - 0.6)] : []
  })
  const text = card || undefined
  if (!address.hash) return [item(address.href, result.title, result.snippet, score, text), ...further]
  const best = item(address.href, result.heading || result.title, result.snippet, score, text)
  address.hash = ""
  return [best, item(address.href, result.title, "", score - 0.5), ...further]
}

function pageAddress(url) {
  try {
    const address = new URL(url, ROOT)
    return ["http:", "https:"].includes(address.protocol) ? address : null
  } catch {
    return null
  }
}

function markedWords(parts) {
  const marked = parts.flatMap(part => [...String(part?.snippet ?? "").matchAll(/<mark>(.*?)<\/mark>/g)])
  const words = marked.flatMap(match => match[1].toLowerCase().match(/[\p{L}\p{N}]+/gu) || [])
  return Object.fromEntries([...new Set(words)].slice(0, 8).map(word => [word, true]))
}

/* The answer itself, in place of the first result's excerpt. Everything stands inside the result's link, so a list that goes
 * on in the article says so in plain words. */
function toCard(card, result) {
  if (!Array.isArray(card?.blocks) || card.url !== result.url) return ""
  const piece = one => (one.decisive ? `<mark>${escaped(one.text)}</mark>` : escaped(one.text)) + (one.cut ? " …" : "")
  const all = (pieces, open, close) => pieces.map(one => open + piece(one) + close).join("")
  const blocks = card.blocks.filter(block => Array.isArray(block?.pieces)).map(({ kind, pieces, first, left_text: left }) => {
    const more = left ? `<p class="handrail-hint">${escaped(left)}</p>` : ""
    if (kind === "steps") return `<ol start="${Number(first)}">${all(pieces, "<li>", "</li>")}</ol>${more}`
    if (kind === "items") return `<ul>${all(pieces, "<li>", "</li>")}</ul>${more}`
    if (kind === "code") return `<pre dir="ltr"><code>${all(pieces, "", "")}</code></pre>`
    if (kind === "row") {
      const heads = pieces.map(one => one.heading ? `<th scope="col">${escaped(one.heading)}</th>` : "<td></td>").join("")
      const head = pieces.some(one => one.heading) ? `<thead><tr>${heads}</tr></thead>` : ""
      return `<table>${head}<tbody><tr>${all(pieces, "<td>", "</td>")}</tr></tbody></table>`
    }
    return `<p${kind === "label" ? ' class="handrail-label"' : ""}>${pieces.map(piece).join(" ")}</p>`
  })
  return `<div class="handrail-card">${blocks.join("")}</div>`
}

const escaped = text => String(text ?? "").replace(/[&<>"']/g, sign => `&#${sign.charCodeAt(0)};`)
// A snippet arrives escaped: its entities and <mark>s are kept, any other tag becomes text.
const onlyMarks = html => String(html ?? "").replace(/<(?!\/?mark>)/g, "&#60;")

/* ---- Material's own search, started when first needed --------------------------------------------------------------- */

let material = null

async function answerFromMaterial(number, query, waits) {
  try {
    const search = await materialsSearch()
    if (number !== newest) return
    const words = shortWordsWhole(query)
    const found = await search(LAZY ? apart(words) : words)
    if (number !== settled) post(number, query, { ...found, source: "material", waits })
  } catch {
    if (number !== settled) post(number, query, { items: [], source: "none" })
  }
}

// Simple search takes each word for the beginning of a word: "a" or "do" would be in every article. Beside longer words,
// such a short one counts whole (lunr, which knows little words: a boost of 1).
const SHORT = /(?<!\S)[\p{sc=Latn}\p{sc=Cyrl}\p{sc=Grek}]{1,2}(?!\S)/gu

function shortWordsWhole(query) {
  return query.trim().split(/\s+/).some(word => word.length > 2) ? query.replace(SHORT, "$&^1") : query
}

// In the fallback index, words of scripts without spaces are separated; browsers split by the same dictionaries (ICU).
const UNSPACED = /[\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Laoo}\p{sc=Khmr}\p{sc=Mymr}ー々]+/gu
const PARTICLE = /^\p{sc=Hira}{1,2}$/u

function apart(query) {
  if (!Intl.Segmenter) return query
  const cut = new Intl.Segmenter(LANG || undefined, { granularity: "word" })
  return query.normalize("NFKC").replace(UNSPACED, run => {
    const words = [...cut.segment(run)].map(({ segment }) => segment)
    const telling = words.filter(word => !PARTICLE.test(word))
    return ` ${(telling.length ? telling : words).join(" ")} `
  }).trim()
}

function materialsSearch() {
  material ??= startMaterial().catch(error => {
    material = null
    throw error
  })
  return material
}

async function startMaterial() {
  const data = LAZY ? await fetchFallbackIndex() : await setup
  // A worker of its own, because Material's worker looks for its stemmers relative to its own address.
  const worker = new Worker(MATERIALS_WORKER)
  const expected = []
  const next = type => new Promise((resolve, reject) => {
    expected.push({ type, resolve, reject })
    setTimeout(() => reject(new Error("Material's search does not answer")), FALLBACK_LIMIT)
  })
  worker.onmessage = ({ data: message }) => {
    const place = expected.findIndex(({ type }) => type === message.type)
    if (place >= 0) expected.splice(place, 1)[0].resolve(message)
  }
  worker.onerror = () => { for (const { reject } of expected.splice(0)) reject(new Error("Material's search broke")) }
  const ready = next(1)
  worker.postMessage({ type: 0, data })
  await ready
  return query => {
    const result = next(3)
    worker.postMessage({ type: 2, data: query })
    return result.then(message => message.data)
  }
}

async function fetchFallbackIndex() {
  const response = await fetch(FALLBACK_INDEX)
  if (!response.ok) throw new Error(`no fallback index: ${response.status}`)
  const data = await response.json()
  const known = await Promise.race([setup, sleep(1000)])
  return { ...data, options: known?.options || { suggest: false } }
}

// Nothing has to be loaded before the service can be asked.
postMessage({ type: 1 })
