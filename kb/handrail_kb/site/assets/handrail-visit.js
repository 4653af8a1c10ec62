/* Remembers, in this tab only, what was searched, which articles were read, and which did not help, so that a customer
 * who writes to a person can choose to send some of it along (handrail-along.js shows it word for word). Nothing is sent
 * without that choice.
 *
 * sessionStorage ends with the tab. Entries older than twelve hours are dropped, and at most ten of each kind are kept.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, absolute, search: { input } } = window.handrail
  const KEY = `visit ${absolute(`${CONFIG.api}/contact`)}`
  const MOST = 10
  const HOURS = 12
  const SAME = 30000    // milliseconds in which longer or shorter text counts as the same search
  let reading = 0

  function recall() {
    try {
      return JSON.parse(window.handrail.recall(KEY)).filter(item => Date.now() - item.at < HOURS * 3600000)
    } catch { return [] }
  }
  const store = kept => window.handrail.remember(KEY, kept.length && JSON.stringify(kept))

  function remember(kind, text, url = "") {
    if (!text) return
    const isSame = item => item.kind === kind && (url ? item.url === url : same(item, text))
    const kept = recall().filter(item => !isSame(item))
    kept.push({ kind, text: text.slice(0, 500), url, at: Date.now() })
    const ofKind = kept.filter(item => item.kind === kind)
    store(kept.filter(item => item.kind !== kind || ofKind.indexOf(item) >= ofKind.length - MOST))
  }
  function same(item, text) {
    const [one, other] = [item.text.toLowerCase(), text.toLowerCase()]
    return one === other || (Date.now() - item.at < SAME && (one.startsWith(other) || other.startsWith(one)))
  }

  /* ---- searches: text left unchanged for a second, or followed by a click ------------------------------------------- */

  if (input && window.component$) {
    let waiting = 0
    window.component$.subscribe(state => {
      if (typeof state.query !== "string") return
      clearTimeout(waiting)
      const query = state.query.trim()
      waiting = setTimeout(() => { if (input.value.trim() === query) remember("search", query) }, 1000)
    })
    document.addEventListener("click", event => {
      const link = event.target instanceof Element && event.target.closest("[data-md-component=search-result] a[href]")
      if (link) remember("search", input.value.trim())
    }, true)
  }

  /* ---- what did not help: a whole list, or an article ------------------------------------------------------------- */

  document.addEventListener("click", event => {
    const clicked = event.target instanceof Element ? event.target : null
    if (input && clicked?.closest(".handrail-said-no a")) remember("said_no", `“${input.value.trim()}”`)
    if (clicked?.closest('form[name=feedback] button[data-md-value="0"]')) remember("said_no", heading(), location.pathname)
  }, true)

  function heading() {
    // Material's list of results has first-level headings, too.
    const title = [...document.querySelectorAll("h1")].find(one => !one.closest("[data-md-component=search]"))?.cloneNode(true)
    for (const mark of title?.querySelectorAll(".headerlink, a.md-content__button") || []) mark.remove()
    for (const image of title?.querySelectorAll("img") || []) image.replaceWith(image.alt)  // an emoji is a picture
    return title?.textContent.trim() || ""
  }

  /* ---- articles: those that were looked at for three seconds ------------------------------------------------------ */

  function arrive() {
    clearTimeout(reading)
    const asked = document.querySelector("[data-handrail-search]")
    if (asked) remember("search", document.querySelector("handrail-main input[name=q]")?.value.trim())
    const path = location.pathname
    const title = heading()
    // The home, find and contact pages and the page for missing pages are not articles.
    if (!title || document.querySelector("handrail-main, #handrail-q, .handrail-home")) return
    reading = setTimeout(() => { if (location.pathname === path) remember("article", title, path) }, 3000)
  }

  store(recall())
  if (window.document$) window.document$.subscribe(arrive)
  else arrive()
})()
