/* Stands in for the theme's search when that has stopped working: an error in another script can end Material's whole
 * stream of components, and a bundle that did not load never started one. This script then asks the same worker and
 * shows the same list.
 *
 * handrail-dialog.js loads this script, says when it may begin ("handrail:theme-died"), and receives every answer
 * ("handrail:answer"), which it treats like one of the theme's.
 */
(() => {
  "use strict"
  const { absolute, search: { form, result, input, list, meta, toggle } } = window.handrail
  const CONFIG = JSON.parse(document.getElementById("__config").textContent)
  // The theme writes the worker's address relative to the page; the site's address is kept for later pages.
  const WORKER = new URL(CONFIG.search, absolute(""))
  const BASE = new URL(`${CONFIG.base.replace(/\/$/, "")}/`, absolute(""))
  let worker = null

  const tell = answer => result.dispatchEvent(new CustomEvent("handrail:answer", { detail: answer }))
  const silent = () => show({ items: [], source: "none", query: input.value.trim() })

  /* ---- the worker that the theme would have asked ------------------------------------------------------------------ */

  function start() {
    worker = new Worker(WORKER)
    worker.onmessage = ({ data: message }) => { if (message.type === 3) show(message.data) }
    worker.onerror = () => { worker = null; silent() }
    setUp(worker)
  }

  // A worker that fetches its articles itself needs only its setup; any other worker is given the articles, too.
  async function setUp(to) {
    const options = { suggest: false }
    const bare = { config: {}, docs: [], options }
    try {
      if (/[#&]lazy=1/.test(WORKER.hash)) return to.postMessage({ type: 0, data: bare })
      const response = await fetch(new URL("search/search_index.json", BASE))
      to.postMessage({ type: 0, data: { ...await response.json(), options } })
    } catch {
      to.postMessage({ type: 0, data: bare })
    }
  }

  function ask() {
    if (!input.value.trim()) return
    try {
      if (!worker) start()
      worker.postMessage({ type: 2, data: input.value })
    } catch {
      silent()
    }
  }

  /* ---- the list, as the theme would have written it ---------------------------------------------------------------- */

  function show(answer) {
    list.replaceChildren(...answer.items.map(row))
    const found = answer.items.length
    const words = CONFIG.translations || {}
    const count = words[found === 0 ? "search.result.none" : found === 1 ? "search.result.one" : "search.result.other"]
    meta.textContent = answer.query ? (count || "#").replace("#", found) : words["search.result.placeholder"] || ""
    tell(answer)
    for (const link of result.querySelectorAll("a[tabindex]")) link.tabIndex = 0    // there is no theme that would move the focus
  }

  function row(group) {
    const item = document.createElement("li")
    item.className = "md-search-result__item"
    const page = group.find(one => !one.location.includes("#")) || group[group.length - 1]
    const sections = group.filter(one => one !== page && one.score >= group[0].score)
    item.append(link(page, "h1"), ...sections.map(one => link(one, "h2")))
    return item
  }

  // The worker has already escaped everything but <mark>.
  function link(found, heading) {
    const made = document.createElement("a")
    made.className = "md-search-result__link"
    made.href = new URL(found.location, BASE).href
    const article = document.createElement("article")
    article.className = "md-search-result__article md-typeset"
    article.dataset.mdScore = found.score.toFixed(2)
    article.innerHTML = `<${heading}>${found.title}</${heading}>${found.text}`
    made.append(article)
    return made
  }

  /* ---- the keys that the theme would have handled -------------------------------------------------------------------- */

  function open(yes) {
    if (!toggle || toggle.checked === yes) return
    toggle.checked = yes
    toggle.dispatchEvent(new Event("change"))
  }

  function best() {
    const score = one => Number(one.firstElementChild?.dataset.mdScore ?? -9)
    return [...result.querySelectorAll("a[href]")].sort((one, other) => score(other) - score(one))[0]
  }

  function move(step) {
    const places = [input, ...result.querySelectorAll("a[href]")].filter(one => one === input || one.offsetParent)
    const at = places.indexOf(document.activeElement)
    places[(Math.max(at, 0) + step + places.length) % places.length].focus()
  }

  function onKey(event) {
    if (event.defaultPrevented || event.isComposing || (toggle && !toggle.checked)) return
    const known = { Escape: () => { open(false); input.blur() }, ArrowDown: () => move(1), ArrowUp: () => move(-1) }
    const act = event.key === "Enter" && event.target === input ? () => best()?.click() : known[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }

  result.addEventListener("handrail:theme-died", () => {
    document.documentElement.classList.replace("no-js", "js")    // otherwise the theme's style hides the list
    input.addEventListener("focus", () => open(true))
    input.addEventListener("input", ask)
    form.addEventListener("reset", () => show({ items: [], source: "empty", query: "" }))
    addEventListener("keydown", onKey)
    ask()
  }, { once: true })
})()
