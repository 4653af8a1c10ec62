/* What the search dialog offers before anything is typed (this tab's searches and articles, and what people ask most), the
 * keys that open it, and the way back: whoever opens a result and goes back finds the list again, at that result.
 *
 * All of it is kept in sessionStorage, by handrail-visit.js and here, and nothing of it is sent anywhere.
 */
(() => {
  "use strict"
  const form = document.forms.namedItem("search")
  const input = form?.querySelector("[data-md-component=search-query]")
  const result = document.querySelector("[data-md-component=search-result]")
  const list = result?.querySelector(".md-search-result__list")
  const toggle = document.querySelector("[data-md-toggle=search]")
  if (!window.handrail || !input || !list || !toggle) return
  const { CONFIG, WORDS, absolute, recall, remember, element, choice } = window.handrail
  const VISIT = `visit ${absolute(`${CONFIG.api}/contact`)}`
  const ASKED = CONFIG.asked && absolute(CONFIG.asked)
  const MOST = 3
  const start = element("div", "handrail-start")
  start.hidden = true
  list.before(start)
  let asked = null

  /* ---- before anything is typed --------------------------------------------------------------------------------- */

  function visited(kind) {
    try { return JSON.parse(recall(VISIT)).filter(item => item.kind === kind).reverse().slice(0, MOST) } catch { return [] }
  }

  function group(title, rows) {
    if (!rows.length) return []
    const heading = element("h2", "handrail-nearest", title)
    return [heading, ...rows]
  }

  function article(title, address) {
    const row = choice("handrail-offered", title, "", "-7")
    row.link.href = address
    return row.box
  }

  function again(words) {
    const row = choice("handrail-offered", words, "", "-7")
    row.link.setAttribute("role", "button")
    row.link.addEventListener("click", event => {
      event.preventDefault()
      event.stopPropagation()
      ask(words)
    })
    return row.box
  }

  function ask(words) {
    input.value = words
    input.focus()
    input.dispatchEvent(new Event("input", { bubbles: true }))
  }

  async function askedMost() {
    try {
      const { questions } = ASKED ? await (await fetch(ASKED)).json() : { questions: [] }
      const root = new URL("../../", ASKED)
      return questions.map(({ question, url }) => ({ question, address: new URL(url, root).href }))
    } catch { return [] }
  }

  async function offer() {
    start.hidden = Boolean(input.value.trim())
    if (start.hidden || !toggle.checked) return
    asked ??= await askedMost()
    if (start.contains(document.activeElement)) return    // a row that is replaced would lose the focus
    start.replaceChildren(
      ...group(WORDS.searched, visited("search").map(({ text }) => again(text))),
      ...group(WORDS.read, visited("article").filter(({ url }) => url !== location.pathname).map(({ text, url }) => article(text, url))),
      ...group(WORDS.asked, asked.map(({ question, address }) => article(question, address))))
  }
  for (const [from, type] of [[input, "input"], [toggle, "change"], [result, "handrail:shown"]]) from.addEventListener(type, offer)
  form.addEventListener("reset", () => setTimeout(offer))

  /* ---- keys that open it: Ctrl+K, and / where the theme does not --------------------------------------------------- */

  function open() {
    if (!toggle.checked) toggle.click()
    input.focus()
  }
  input.setAttribute("aria-keyshortcuts", "Control+K /")
  addEventListener("keydown", event => {
    const writes = event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable]")
    const known = event.key.toLowerCase() === "k" ? event.ctrlKey !== event.metaKey && !event.shiftKey && !event.altKey
      : event.key === "/" && !writes && !event.ctrlKey && !event.metaKey && !event.altKey
    if (!known || event.isComposing || event.defaultPrevented) return
    event.preventDefault()
    open()
    input.select()
  })

  /* ---- back to the results ------------------------------------------------------------------------------------------ */

  const place = () => location.pathname + location.search
  let left = false
  result.addEventListener("click", event => {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null
    if (!link || !input.value.trim() || link.getAttribute("role") === "button") return
    left = true
    remember("back", JSON.stringify({ from: place(), query: input.value, to: link.href.split("?")[0] }))
  }, true)
  toggle.addEventListener("change", () => setTimeout(() => {
    if (!toggle.checked && !left) remember("back", "")
    if (toggle.checked) left = false
  }))

  function comeBack() {
    let kept = {}
    try { kept = JSON.parse(recall("back")) } catch { /* nobody left a list */ }
    if (kept.from !== place() || (toggle.checked && input.value === kept.query)) return
    open()
    stayOpen()
    if (input.value === kept.query) return land(kept.to)    // the list was never away
    result.addEventListener("handrail:shown", function shown({ detail }) {
      if (detail.query !== kept.query.trim()) return
      result.removeEventListener("handrail:shown", shown)
      if (document.activeElement === input) setTimeout(() => land(kept.to))
    })
    ask(kept.query)
  }
  // The theme closes the dialog when it has arrived at a page, on a slow one only now. Whoever closes it is obeyed.
  function stayOpen() {
    let acted = false
    const act = () => { acted = true }
    for (const begins of ["keydown", "pointerdown"]) addEventListener(begins, act, { once: true, capture: true })
    const closed = () => { if (!toggle.checked && !acted) setTimeout(open) }
    toggle.addEventListener("change", closed)
    setTimeout(() => toggle.removeEventListener("change", closed), 3000)
  }
  function land(address) {
    [...list.querySelectorAll("a[href]")].find(link => link.href.split("?")[0] === address)?.focus()
  }
  const isBack = () => performance.getEntriesByType("navigation")[0]?.type === "back_forward"
  // The theme closes the dialog an eighth of a second after each arrival. With instant navigation it brings the page first.
  const ARRIVED = 200
  let popped = 0
  addEventListener("pageshow", event => { if (event.persisted || isBack()) setTimeout(comeBack, ARRIVED) })
  addEventListener("popstate", () => { popped = Date.now(); setTimeout(comeBack, ARRIVED) })
  window.document$?.subscribe(() => { if (Date.now() - popped < 3000) setTimeout(comeBack, ARRIVED) })
})()
