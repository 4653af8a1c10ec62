/* What the search dialog offers before anything is typed (this tab's searches and articles, and what people ask most), the
 * keys that open it, and the way back: whoever opens a result and goes back finds the list again, at that result.
 *
 * All of it is kept in sessionStorage, by handrail-visit.js and here, and nothing of it is sent anywhere.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, WORDS, absolute, recall, remember, element, choice, search } = window.handrail
  const { form, input, result, list, toggle, ask } = search
  if (!input || !list || !toggle) return
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

  async function askedMost() {
    try {
      const { questions } = ASKED ? await (await fetch(ASKED)).json() : { questions: [] }
      const root = new URL("../../", ASKED)
      return questions.map(({ question, url }) => ({ question, address: new URL(url, root).href }))
    } catch { return [] }
  }

  async function offer() {
    start.hidden = Boolean(input.value.trim())
    // Rows that nobody sees would hold up the theme's arrow keys.
    if (start.hidden) return start.replaceChildren()
    if (!toggle.checked) return
    asked ??= await askedMost()
    if (start.hidden) return    // somebody has begun to type
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

  /* ---- what a customer has opened stays open ---------------------------------------------------------------------- */

  // The theme closes the dialog an eighth of a second after each arrival, and on a slow machine later: also one that a
  // quick customer has just opened. Whoever follows a link, or closes it, is obeyed.
  const LATEST = 3000
  let arrived = 0
  let wanted = false
  let deed = false
  let focused = input
  const CLOSE = ["Escape", "Tab", "Enter"]
  for (const type of ["keydown", "click"])
    addEventListener(type, event => {
      if (type === "keydown" ? !CLOSE.includes(event.key) : event.target === toggle && !event.isTrusted) return    // as the theme does
      deed = true
      setTimeout(() => { deed = false })
      if (type === "click" && event.target instanceof Element && event.target.closest("a[href]:not([role=button])")) wanted = false
    }, true)
  form.parentElement.addEventListener("focusin", event => { focused = event.target })
  toggle.addEventListener("change", () => {
    // What has opened it does not close it: the theme's turn may come before this deed is over.
    if (toggle.checked) [focused, deed] = [input, false]
    else if (wanted && !deed && Date.now() - arrived < LATEST)
      return queueMicrotask(() => {
        const last = focused
        toggle.click()
        last.focus()
      })
    wanted = toggle.checked
  })
  addEventListener("popstate", () => { wanted = false })
  window.document$?.subscribe(() => { arrived = Date.now() })

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
    const land = () => [...list.querySelectorAll("a[href]")].find(link => link.href.split("?")[0] === kept.to)?.focus()
    if (input.value === kept.query) return land()    // the list was never away
    // From the first key or touch on, the focus is the customer's.
    const untouched = new AbortController()
    const { signal } = untouched
    for (const begins of ["keydown", "pointerdown"]) addEventListener(begins, () => untouched.abort(), { capture: true, signal })
    // A focus in the list would keep out the better one that a slow service still sends.
    result.addEventListener("handrail:shown", ({ detail }) => {
      if (detail.query !== kept.query.trim() || detail.waits) return
      untouched.abort()
      setTimeout(land)
    }, { signal })
    ask(kept.query)
  }
  const isBack = () => performance.getEntriesByType("navigation")[0]?.type === "back_forward"
  // The theme closes the dialog an eighth of a second after each arrival. With instant navigation it brings the page first.
  const ARRIVED = 200
  let popped = 0
  addEventListener("pageshow", event => { if (event.persisted || isBack()) setTimeout(comeBack, ARRIVED) })
  addEventListener("popstate", () => { popped = Date.now(); setTimeout(comeBack, ARRIVED) })
  window.document$?.subscribe(() => { if (Date.now() - popped < 3000) setTimeout(comeBack, ARRIVED) })
})()
