/* Shows the service notice, which may have been said after the page was built: where a page has a place for it, and in
 * the search dialog once that is opened. Asks the service at most twice a minute; without an answer it shows nothing.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, absolute, element, search } = window.handrail
  const LANG = document.documentElement.lang || "en"
  const ADDRESS = absolute(`${CONFIG.api}/notice?lang=${encodeURIComponent(LANG)}`)
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

  function show(place) {
    if (notice?.until && Date.parse(notice.until) <= Date.now()) notice = null
    if (!notice) return place.replaceChildren()
    const text = element("span", "", notice.text)
    if (notice.lang) text.lang = notice.lang
    const times = [notice.said.replace("{time}", when(notice.said_at))]
    if (notice.until) times.push(notice.lasts.replace("{time}", when(notice.until)))
    const said = element("p")
    said.append(element("strong", "", `${notice.label}:`), " ", text)
    const box = element("div", `handrail-notice handrail-notice-${notice.level}`)
    box.append(said, element("p", "handrail-hint", times.join(" ")))
    // The same words are not read out again.
    if (place.textContent !== box.textContent) place.replaceChildren(box)
  }

  const place = document.createElement("handrail-notice")
  async function refresh() {
    const places = [...document.querySelectorAll("handrail-notice")]
    if (!places.length) return
    await ask()
    if (notice !== undefined) places.forEach(show)
  }

  place.setAttribute("role", "status")
  search.toggle?.addEventListener("change", () => {
    if (!search.toggle.checked || !search.result) return
    if (!place.isConnected) search.result.prepend(place)
    refresh()
  })
  if (window.document$) window.document$.subscribe(refresh)
  else refresh()
  setInterval(() => { if (!document.hidden) refresh() }, EVERY)
})()
