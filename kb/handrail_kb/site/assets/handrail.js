/* What Handrail's scripts share, as `window.handrail`: the page's facts, what this tab remembers, and what is reported.
 * Beside that, links that survive instant navigation, and the find page. All of it also works without this script.
 *
 * With instant navigation, Material replaces a page's content but keeps its header and dialog. Addresses are therefore
 * made absolute at once, and what belongs to the content is renewed on `document$`.
 */
(() => {
  "use strict"
  const facts = document.getElementById("__handrail")
  if (!facts) return
  const CONFIG = JSON.parse(facts.textContent)
  const WORDS = CONFIG.words
  const absolute = address => new URL(address, START).href
  const START = location.href
  const CONTACT = absolute(CONFIG.contact)
  const FIND = absolute(CONFIG.find)
  const EVENTS = absolute(`${CONFIG.api}/events`)

  /* ---- what this tab remembers; storage may be blocked -------------------------------------------------------- */

  function recall(name) {
    try { return sessionStorage.getItem(`handrail.${name}`) || "" } catch { return "" }
  }
  function remember(name, value) {
    try {
      if (value) sessionStorage.setItem(`handrail.${name}`, value)
      else sessionStorage.removeItem(`handrail.${name}`)
    } catch { /* The next page starts with nothing. */ }
  }

  /* ---- whether this browser's searches may be kept: a link with the class handrail-keep switches that ------------ */

  const refused = () => navigator.globalPrivacyControl === true
  function declines() {
    try { return localStorage.getItem("handrail.keep") === "0" || refused() } catch { return false }
  }
  function offerToDecline() {
    const off = declines()
    for (const link of document.querySelectorAll("a[data-handrail-keep]"))
      link.textContent = JSON.parse(link.dataset.handrailKeep)[refused() ? "gpc" : off ? "off" : "on"]
    for (const form of document.querySelectorAll("handrail-main form[action*=find]")) {
      form.querySelector("input[name=keep]")?.remove()
      if (off) form.append(Object.assign(element("input"), { type: "hidden", name: "keep", value: "0" }))
    }
  }
  document.addEventListener("click", event => {
    const link = event.target instanceof Element ? event.target.closest("a[data-handrail-keep]") : null
    if (!link) return
    event.preventDefault()
    event.stopPropagation()
    try {
      if (localStorage.getItem("handrail.keep") === "0") localStorage.removeItem("handrail.keep")
      else localStorage.setItem("handrail.keep", "0")
    } catch { return }
    location.reload()    // the search worker learns it with the page
  }, true)

  /* ---- events: sent without waiting for an answer -------------------------------------------------------------- */

  function send(address, body) {
    const tab = recall("tab")
    const text = JSON.stringify(tab ? { ...body, tab } : body)
    try {
      fetch(address, { method: "POST", keepalive: true, credentials: "same-origin",
                       headers: { "content-type": "application/json" }, body: text }).catch(() => {})
    } catch { navigator.sendBeacon?.(address, text) }
  }
  function tell(type, searchId, more = {}) {
    if (searchId && !declines()) send(EVENTS, { search_id: searchId, type, ...more })
  }
  const pathOf = address => {
    const url = new URL(address, location.href)
    return url.pathname + url.hash
  }

  /* ---- rows of the search dialog -------------------------------------------------------------------------------- */

  function element(name, className = "", text = "") {
    const made = document.createElement(name)
    made.className = className
    made.textContent = text
    return made
  }

  /* A link that Material's arrow keys reach. Enter opens the link with the highest score, which Material reads from the
   * first child; results have scores above 0. */
  function choice(className, title, text, score) {
    const box = element("div", `md-search-result__item handrail-choice ${className}`)
    const link = element("a", "md-search-result__link")
    const article = element("article", "md-search-result__article md-typeset")
    link.tabIndex = -1
    link.href = CONTACT
    article.dataset.mdScore = score
    article.append(element("h1", "", title))
    if (text) article.append(element("p", "", text))
    link.append(article)
    box.append(link)
    return { box, link, article, title: article.firstChild, text: article.lastChild }
  }

  /* A link within a line, which arrow keys reach, too; Enter never opens it, since every result has a higher score. */
  function lineLink(text, address, act) {
    const link = element("a")
    const words = element("span", "", text)
    words.dataset.mdScore = "-3"
    link.href = address
    link.tabIndex = -1
    link.append(words)
    if (!act) return link
    link.setAttribute("role", "button")
    link.addEventListener("click", event => {
      event.preventDefault()
      event.stopPropagation()
      act()
    })
    return link
  }

  // The theme's own search, where a page has it.
  const form = document.forms.namedItem("search")
  const result = document.querySelector("[data-md-component=search-result]")
  const search = {
    form, result,
    input: form?.querySelector("[data-md-component=search-query]"),
    list: result?.querySelector(".md-search-result__list"),
    meta: result?.querySelector(".md-search-result__meta"),
    toggle: document.querySelector("[data-md-toggle=search]"),
    ask(words) {
      search.input.value = words
      search.input.focus()
      search.input.dispatchEvent(new Event("input", { bubbles: true }))
    },
  }

  /* ---- links that have to survive instant navigation ---------------------------------------------------------------- */

  function contactAddress(query) {
    const address = new URL(CONTACT)
    if (query) address.searchParams.set("q", query.slice(0, 500))
    return address.href
  }
  function settleAddresses() {
    for (const link of document.querySelectorAll("header a[data-handrail], a.handrail-find")) link.href = link.href
    if (form?.hasAttribute("action")) form.action = form.action
  }
  // The middle mouse button opens a result in another tab.
  for (const button of ["click", "auxclick"])
    document.addEventListener(button, event => { if (event.button < 2) followed(event) }, true)
  function followed(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null
    if (!link) return
    // Some buttons are links only so that Material's arrow keys reach them; a click leads nowhere.
    if (!link.matches("[role=button]") && link.href.split(/[?#]/)[0] === CONTACT) tell("contact", recall("search"))
    const list = link.closest("[data-handrail-search]")
    if (list && link.dataset.handrailPosition)
      noteClick(link, list.dataset.handrailSearch, Number(link.dataset.handrailPosition))
  }

  // Which search led to which article, for a later vote on it (handrail-vote.js), even after going back.
  function noteClick(link, searchId, position) {
    if (declines()) return
    tell("click", searchId, { url: pathOf(link.href), position })
    const path = new URL(link.href).pathname
    let came = []
    try { came = JSON.parse(recall("came")).filter(one => one.path !== path) } catch { /* nothing was stored yet */ }
    remember("came", JSON.stringify([...came, { path, search: searchId, at: Date.now() }].slice(-20)))
  }

  /* ---- the contact form ---------------------------------------------------------------------------------------------- */

  function fillIn() {
    const asked = new URLSearchParams(location.search)
    const words = (asked.get("q") || asked.get("query") || "").slice(0, 200)
    const subject = document.querySelector("handrail-main input[name=subject]")
    if (subject && words && !subject.value) subject.value = words
    const search = document.querySelector("handrail-main input[name=q]")
    if (search && words && !search.value) search.value = words
  }

  /* ---- the list of the find page, which the service wrote ---------------------------------------------------------- */

  function watchFindPage() {
    const searchId = document.querySelector("[data-handrail-search]")?.dataset.handrailSearch
    if (!searchId) return
    remember("search", searchId)
    setTimeout(() => { if (document.querySelector("[data-handrail-search]")) tell("seen", searchId) }, 1000)
  }

  // Drops a draft that its author did not return to (handrail-draft.js), and a code (handrail-contact.js).
  function forgetOldDrafts() {
    try {
      for (const key of Object.keys(sessionStorage))
        if (/^handrail\.(?:draft|sent) /.test(key) && !(Date.now() - JSON.parse(sessionStorage.getItem(key)).at < 12 * 3600000))
          sessionStorage.removeItem(key)
    } catch { /* Storage is blocked: there is no draft. */ }
  }

  window.handrail = Object.freeze({
    CONFIG, WORDS, CONTACT, FIND, absolute, recall, remember, tell, noteClick, contactAddress, element, choice, lineLink, search,
  })
  forgetOldDrafts()
  settleAddresses()
  if (window.document$) {
    window.document$.subscribe(() => { offerToDecline(); fillIn(); watchFindPage() })
    window.location$?.subscribe(() => setTimeout(fillIn))
  } else {
    offerToDecline()
    fillIn()
    watchFindPage()
  }
})()
