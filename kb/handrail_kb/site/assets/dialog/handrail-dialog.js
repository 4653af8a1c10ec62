/* The search dialog: a link to a person under every list of results, the verdict above it, and a report of what happened
 * next.
 *
 * Material rebuilds its list on every answer, so what is added stands beside it, and rows are completed as they come.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, WORDS, absolute, CONTACT, FIND, element, choice, lineLink, remember, tell, noteClick, contactAddress, search } = window.handrail
  const CODE = new URL("code/", CONTACT).href

  const { form, result, input, list, meta, toggle } = search
  if (!input || !list || !meta) return
  const dialog = result.closest("[data-md-component=search]")
  const note = element("div", "handrail-note")
  const nearest = element("div", "handrail-nearest", WORDS.nearest)
  const person = choice("handrail-person", WORDS.link, WORDS.hint, "-1")
  const openNow = choice("handrail-open-now", "", "-", "-3")
  const tellMe = choice("handrail-tell", WORDS.tell, "", "-4")
  const elsewhere = choice("handrail-elsewhere", WORDS.elsewhere, "", "-5")
  const noneOfThese = choice("handrail-said-no", WORDS.said_no, "", "-2")
  const more = choice("handrail-more", "", "", "-6")
  const message = choice("handrail-message", "", WORDS.code_hint, "3000")
  const scroller = result.closest("[data-md-scrollfix]")
  let answered = null    // the last answer that is shown
  let rows = []          // all its results; the list holds those up to its end
  let enterWaits = false
  let dead = false
  let helped = null
  let busyTimer = 0
  let lateTimer = 0
  let seenTimer = 0
  let seenSince = 0

  for (const status of [meta, note]) status.setAttribute("role", "status")
  for (const choice of [noneOfThese, more]) choice.link.setAttribute("role", "button")

  const query = () => input.value.trim()
  const isBusy = () => query() !== "" && query() !== answered?.query
  const rowOf = link => link.closest(".md-search-result__item")

  // Material already holds references to its list and count, so elements beside them may change. An element that is
  // moved loses the focus, so none is moved without need.
  function arrange(personFirst) {
    if (personFirst === result.classList.contains("handrail-person-first") && person.box.isConnected) return
    person.article.dataset.mdScore = personFirst ? "2000" : "-1"
    if (personFirst) list.before(note, person.box, nearest)
    else list.before(note, nearest)
    if (!personFirst) list.after(person.box)
    result.classList.toggle("handrail-person-first", personFirst)
    if (scroller) coverEnd()
  }

  function show() {
    const beyond = endList()
    const has = (answered?.items.length || 0) > beyond
    const silent = answered?.source === "none"
    const none = answered?.verdict === "none"
    const personFirst = none || silent || Boolean(answered?.saidNo || answered?.people_first)
    const notes = []
    if (answered?.corrected) notes.push(WORDS.corrected.replace("{query}", answered.corrected))
    const mayMean = answered?.may_mean || []
    if (mayMean.length) notes.push(WORDS.may_mean)
    else if (answered?.verdict === "weak" && has) notes.push(WORDS.weak)
    if (answered?.source === "material") notes.push(answered.waits ? WORDS.waiting : WORDS.fallback)
    else if (answered?.degraded) notes.push(WORDS.degraded)
    note.replaceChildren(...notes.map(text => element("p", "", text)))
    if (answered?.corrected) note.firstChild.append(" ", asWritten(answered))
    if (mayMean.length) note.append(askBack(mayMean))
    note.hidden = !notes.length
    nearest.hidden = !(none && has)
    // Whoever has not searched yet has missed nothing, and a loss or a danger is spoken of once.
    person.text.textContent = answered?.saidNo ? WORDS.said_no_thanks
      : !answered?.query || answered.said ? WORDS.own_words
      : personFirst ? WORDS.person : WORDS.hint
    count(beyond)
    if (none) meta.textContent = WORDS.none
    if (silent) meta.textContent = WORDS.silent
    if (answered?.said) meta.textContent = answered.said    // a loss or a danger: no word of articles
    result.classList.toggle("handrail-none", none || Boolean(answered?.said))
    label()
    arrange(personFirst)
    showMore(answered?.whole ? 0 : beyond, has)
    showNone(has && !none && !answered.saidNo && answered.search_id)
    showOpen(answered?.now)
    showTell(answered?.tell && (none || answered.saidNo) ? answered.tell : "")
    showMessage(answered?.code)
    if (silent) list.after(elsewhere.box)
    else elsewhere.box.remove()
    aim()
  }

  // Shown where a person should answer and can be reached now.
  function showOpen(way) {
    if (!way) return openNow.box.remove()
    openNow.link.href = way.url
    openNow.title.textContent = way.label
    openNow.text.textContent = way.hours
    if (person.box.nextSibling !== openNow.box) person.box.after(openNow.box)
  }

  // Where there is no answer yet: a person comes first, and this directly after.
  function showTell(address) {
    if (!address) return tellMe.box.remove()
    tellMe.link.href = address
    const above = openNow.box.isConnected ? openNow.box : person.box
    if (above.nextSibling !== tellMe.box) above.after(tellMe.box)
  }

  // A reference code is not searched: it leads to the page of its message.
  function showMessage(code) {
    if (!code) return message.box.remove()
    message.title.textContent = WORDS.code_open.replace("{code}", code)
    meta.textContent = WORDS.code_found
    list.before(message.box)
  }
  message.link.href = CODE
  message.link.addEventListener("click", event => {
    event.preventDefault()
    const sent = element("form")
    const field = element("input")
    Object.assign(sent, { method: "post", action: CODE, hidden: true })
    Object.assign(field, { name: "code", value: answered.code })    // never in an address
    sent.append(field)
    document.body.append(sent)
    sent.submit()
    sent.remove()
  })

  // Taken out rather than hidden, as all rows are: the theme's arrow keys would stop at it.
  function showNone(offered) {
    const above = more.box.isConnected ? more.box : list
    if (!offered) noneOfThese.box.remove()
    else if (above.nextSibling !== noneOfThese.box) above.after(noneOfThese.box)
  }

  // Results beyond the end of the list are taken out of it, because the arrow keys would stop at hidden ones. Returns how
  // many there are. Theme and stand-in write the whole list anew for each answer.
  function endList() {
    const fits = answered?.fits || []
    if (list.children.length === fits.length) rows = [...list.children]
    if (!fits.length || rows.length !== fits.length) return 0
    for (const [place, row] of rows.entries())
      if (!answered.whole && !fits[place]) row.remove()
      else if (row.parentNode !== list) list.insertBefore(row, rows.slice(place).find(next => next.parentNode === list) || null)
    return answered.whole ? 0 : fits.filter(fit => !fit).length
  }

  // They are "more" only where there are some already.
  function showMore(beyond, has) {
    if (!beyond) return more.box.remove()
    more.title.textContent = WORDS[(has ? "more" : "any") + (beyond === 1 ? "_one" : "_many")].replace("{count}", beyond)
    // In another tab: the whole list of the same search, as a page.
    more.link.href = `${FIND}?q=${encodeURIComponent(answered.query)}&more=${answered.search_id}#handrail-more`
    if (list.nextSibling !== more.box) list.after(more.box)
  }

  // The theme counts documents, also those beyond the end of the list; it adds rows as the reader scrolls.
  function count(beyond) {
    if (!answered?.query) return
    const shown = answered.items.length - beyond
    const came = answered.whole ? ` · ${WORDS.more_came.replace("{count}", answered.whole)}` : ""
    const words = shown === 1 ? WORDS.count_one : WORDS.count_many
    meta.textContent = shown ? words.replace("{count}", shown) + came : WORDS.none
  }

  // Each result says where it stands. Those in other languages come last, under their own label, and are read out in their
  // own language. Material adds rows as the reader scrolls, so this may be called again for the same list.
  function label() {
    endList()
    const shown = [...list.children]
    const placeOf = (row, place) => rows.includes(row) ? rows.indexOf(row) : place
    const others = shown.map((row, place) => answered?.others?.[placeOf(row, place)])
    for (const [place, row] of shown.entries()) {
      const path = answered?.breadcrumbs?.[placeOf(row, place)]
      if (path && !row.querySelector(".handrail-path")) row.querySelector("h1")?.after(element("p", "handrail-path", path))
      row.lang = answered?.languages?.[placeOf(row, place)] || document.documentElement.lang
      if (others[place] && !others[place - 1]) row.dataset.handrailLabel = WORDS.other_languages
      else delete row.dataset.handrailLabel
    }
  }

  /* A corrected query can be asked as it was typed: text in quotes is not corrected. */
  function asWritten({ query, corrected }) {
    const fixed = corrected.split(/\s+/)
    const words = query.split(/\s+/).map((word, at) => word === fixed[at] ? word : `"${word}"`).join(" ")
    const link = lineLink(WORDS.as_written.replace("{query}", query), `?q=${encodeURIComponent(words)}`, () => search.ask(words))
    link.className = "handrail-as-written"
    return link
  }

  /* What the words may mean, as links beside the question of which one it is. */
  function askBack(mayMean) {
    const choices = element("ul", "handrail-may-mean")
    if (answered.search_id) choices.dataset.handrailSearch = answered.search_id
    for (const [place, { url, title }] of mayMean.entries()) {
      const link = lineLink(title, url)
      const choice = element("li")
      link.dataset.handrailPosition = place + 1
      choice.append(link)
      choices.append(choice)
    }
    return choices
  }

  function aim() {
    person.link.href = noneOfThese.link.href = contactAddress(query())
    elsewhere.link.href = `${FIND}?q=${encodeURIComponent(query().slice(0, 500))}`
  }

  function busy() {
    const now = isBusy()
    result.setAttribute("aria-busy", String(now))
    dialog.classList.toggle("handrail-busy", now)
    clearTimeout(busyTimer)
    // Most answers arrive before anybody could read a notice; only slow ones are announced.
    if (now) busyTimer = setTimeout(() => { meta.textContent = WORDS.searching; help() }, 400)
    // Whatever the reason for the delay, the find page does not depend on this page.
    clearTimeout(lateTimer)
    if (now) lateTimer = setTimeout(() => { meta.textContent = WORDS.slow; list.after(elsewhere.box) }, 1800)
  }

  function leave() {
    clearTimeout(seenTimer)
    if (!answered || answered.left || answered.clicked || !answered.seen) return
    answered.left = true
    tell("left", answered.search_id, { ms: Math.round(performance.now() - seenSince) })
  }

  function watchList() {
    clearTimeout(seenTimer)
    seenSince = performance.now()
    const watched = answered
    if (!watched.search_id) return
    seenTimer = setTimeout(() => {
      if (watched !== answered || !toggle?.checked || document.hidden) return
      watched.seen = true
      tell("seen", watched.search_id)
    }, 1000)
  }

  // What helps where the service is slow (handrail-wait.js), or the theme has stopped, is loaded only then.
  const help = () => helped ??= new Promise(loaded => {
    const script = element("script")
    script.src = absolute(CONFIG.stand_in)
    script.onload = loaded
    document.head.append(script)
  })
  const announce = (name, detail) => result.dispatchEvent(new CustomEvent(`handrail:${name}`, { detail }))
  function died() {
    if (dead) return
    dead = true
    help().then(() => announce("theme-died"))
  }
  const heard = state => { if (state.ref === result && typeof state.query === "string") take(state) }
  result.addEventListener("handrail:answer", ({ detail }) => take(detail))
  function take(state) {
    answered = { ...state, items: state.items || [], saidNo: false }
    remember("down", state.down_until > Date.now() ? String(state.down_until) : "")
    remember("pace", String(state.pace || ""))
    if (state.query) remember("search", state.search_id || "")
    result.dataset.handrailSource = state.source || ""
    show()
    busy()
    watchList()
    announce("shown", answered)
    if (state.source === "material") help().then(() => announce("waits", answered))
    if (enterWaits && !isBusy()) {
      enterWaits = false
      setTimeout(() => input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true })))
    }
  }

  input.addEventListener("input", () => {
    enterWaits = false
    aim()
    busy()
    // Material reacts to keys only, and would miss text that was pasted, dropped or dictated.
    input.dispatchEvent(new KeyboardEvent("keyup"))
  })
  input.addEventListener("focus", aim)
  form.addEventListener("reset", () => setTimeout(() => { aim(); busy() }))

  // Enter pressed before the answer arrives would open a result of the previous query: it has to wait.
  addEventListener("keydown", event => {
    if (event.key !== "Enter" || event.isComposing || document.activeElement !== input || !toggle?.checked) return
    if (query() && !isBusy()) return
    enterWaits = query() !== ""
    event.preventDefault()
    event.stopImmediatePropagation()
  }, true)

  more.link.addEventListener("click", event => {
    event.preventDefault()
    event.stopPropagation()
    const first = rows.find(row => row.parentNode !== list)
    answered.whole = answered.fits.filter(fit => !fit).length
    show()
    first?.querySelector("a[href]")?.focus()
  })

  noneOfThese.link.addEventListener("click", event => {
    event.preventDefault()
    event.stopPropagation()
    answered.saidNo = true
    tell("said_no", answered.search_id)
    show()
    scroller?.scrollTo({ top: 0 })
    person.link.focus()
  })

  for (const button of ["click", "auxclick"])
    result.addEventListener(button, event => { if (event.button < 2) chosen(event) }, true)
  function chosen(event) {
    const link = event.target instanceof Element ? event.target.closest("a[href]") : null
    if (!link || !answered || link === more.link) return
    const address = new URL(link.href)
    if (address.searchParams.get("h") === "") {    // nothing to highlight
      address.searchParams.delete("h")
      link.href = address.href
    }
    answered.clicked = true
    if (!list.contains(link)) return
    const position = [...list.children].indexOf(rowOf(link)) + 1
    if (answered.search_id) noteClick(link, answered.search_id, position)
  }

  // Closed, it would be an invisible stop for Tab.
  const stopForTab = () => scroller?.setAttribute("tabindex", toggle?.checked ? "0" : "-1")
  toggle?.addEventListener("change", () => {
    stopForTab()
    if (toggle.checked) {
      if (answered) { answered.left = answered.clicked = false; watchList() }
    } else setTimeout(leave)    // after the click that closed it
  })
  addEventListener("pagehide", leave)
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave() })
  new MutationObserver(label).observe(list, { childList: true })
  // The link to a person lies over the end of the list: nothing that has the focus may be scrolled beneath it.
  if (scroller) {
    stopForTab()
    new ResizeObserver(coverEnd).observe(person.box)
  }
  function coverEnd() {
    const lies = getComputedStyle(person.box).position === "sticky"
    scroller.style.scrollPaddingBottom = lies ? `${person.box.offsetHeight}px` : ""
  }
  arrange(false)
  show()
  // An error in another script can end the theme's whole stream, or keep it from starting.
  // A theme that could not start its worker has removed the whole dialog.
  if (dialog.hidden || !window.component$) {
    dialog.hidden = false
    died()
  } else window.component$.subscribe({ next: heard, error: died, complete: died })
})()
