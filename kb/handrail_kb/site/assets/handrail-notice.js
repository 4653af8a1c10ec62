/* Shows the service notice, which may have been said after the page was built: where a page has a place for it, and in
 * the search dialog once that is opened. Asks the service at most twice a minute; without an answer it shows nothing.
 */
(() => {
  "use strict"
  const facts = document.getElementById("__handrail")
  if (!facts) return
  const LANG = document.documentElement.lang || "en"
  const ADDRESS = new URL(`${JSON.parse(facts.textContent).api}/notice?lang=${encodeURIComponent(LANG)}`, location.href).href
  const EVERY = 30000
  let notice    // undefined until the service has said it, null if there is none
  let askedAt = -Infinity

  async function ask() {
    if (performance.now() - askedAt < EVERY - 1000) return
    askedAt = performance.now()
    try {
      const response = await fetch(ADDRESS, { credentials: "same-origin", signal: AbortSignal.timeout?.(5000) })
      if (response.ok) notice = (await response.json()).notice
    } catch { /* What is shown stays. */ }
  }

  const when = stamp => {
    const at = new Date(stamp)
    const today = at.toDateString() === new Date().toDateString()
    return new Intl.DateTimeFormat(LANG === "en" ? "en-GB" : LANG, { ...(today ? {} : { weekday: "long", day: "numeric", month: "long" }),
                                                                     hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at)
  }

  function element(name, className, ...parts) {
    const made = document.createElement(name)
    if (className) made.className = className
    made.append(...parts)
    return made
  }

  function show(place) {
    if (notice?.until && Date.parse(notice.until) <= Date.now()) notice = null
    if (!notice) return place.replaceChildren()
    const text = element("span", "", notice.text)
    if (notice.lang) text.lang = notice.lang
    const times = [notice.said.replace("{time}", when(notice.said_at))]
    if (notice.until) times.push(notice.lasts.replace("{time}", when(notice.until)))
    const box = element("div", `handrail-notice handrail-notice-${notice.level}`,
      element("p", "", element("strong", "", `${notice.label}:`), " ", text), element("p", "handrail-hint", times.join(" ")))
    // The same words are not read out again.
    if (place.textContent !== box.textContent) place.replaceChildren(box)
  }

  const dialog = document.querySelector("[data-md-component=search-result]")
  const place = document.createElement("handrail-notice")
  async function refresh() {
    const places = [...document.querySelectorAll("handrail-notice")]
    if (!places.length) return
    await ask()
    if (notice !== undefined) places.forEach(show)
  }

  place.setAttribute("role", "status")
  document.querySelector("[data-md-toggle=search]")?.addEventListener("change", event => {
    if (!event.target.checked || !dialog) return
    if (!place.isConnected) dialog.prepend(place)
    refresh()
  })
  if (window.document$) window.document$.subscribe(refresh)
  else refresh()
  setInterval(() => { if (!document.hidden) refresh() }, EVERY)
})()
