/* The end of an article and its headings: related articles, once their place comes near; the way to print; and a button at
 * each heading that copies the link to it. Without the service no related articles are shown, and no gap either.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, WORDS, absolute, element } = window.handrail
  const RELATED = absolute(`${CONFIG.api}/related`)
  const status = element("div", "handrail-unseen")
  status.setAttribute("role", "status")
  document.body.append(status)

  function button(className, text, act) {
    const made = element("button", className, text)
    made.type = "button"
    made.addEventListener("click", act)
    return made
  }

  /* ---- related articles ------------------------------------------------------------------------------------------ */

  async function relate(end, path) {
    const address = new URL(RELATED)
    address.searchParams.set("url", path)
    try {
      const response = await fetch(address, { headers: { accept: "application/json" } })
      const { articles } = await response.json()
      if (!articles?.length || !end.isConnected || location.pathname !== path) return
      const title = element("h2", "", WORDS.related)
      const list = element("ul")
      for (const { url, title } of articles) {
        const [item, link] = [element("li"), element("a", "", title)]
        link.href = url
        item.append(link)
        list.append(item)
      }
      const place = element("nav", "handrail-related")
      title.id = "handrail-related"
      place.setAttribute("aria-labelledby", title.id)
      place.append(title, list)
      end.before(place)
    } catch { /* The article ends as it always did. */ }
  }

  /* ---- the link to a heading ---------------------------------------------------------------------------------------- */

  async function copy(heading, name) {
    const address = new URL(location.href)
    address.search = ""
    address.hash = heading.id
    try {
      await navigator.clipboard.writeText(address.href)
      status.textContent = WORDS.copied.replace("{title}", name)
      heading.classList.add("handrail-copied")
      setTimeout(() => { heading.classList.remove("handrail-copied"); status.textContent = "" }, 2000)
    } catch { location.hash = heading.id }    // no clipboard without https: the address bar has the link then
  }

  function addButtons(content) {
    for (const heading of content.querySelectorAll(":is(h2, h3, h4)[id]")) {
      if (heading.closest("handrail-main, .handrail-home, .handrail-related") || heading.querySelector(".handrail-copy-link")) continue
      const own = heading.querySelector(".headerlink")
      const name = [...heading.childNodes].filter(one => one !== own).map(one => one.textContent).join("").trim()
      const link = button("handrail-copy-link", "#", () => copy(heading, name))
      link.setAttribute("aria-label", WORDS.copy_link.replace("{title}", name))
      link.title = link.getAttribute("aria-label")
      heading.append(link)
    }
  }

  function arrive() {
    const end = document.querySelector(".md-content .handrail-stuck")
    const content = end?.closest(".md-content__inner")
    if (!content || content.querySelector("handrail-main, .handrail-home, #handrail-q")) return
    addButtons(content)
    const print = element("p", "handrail-print-page")
    print.append(button("handrail-plain", WORDS.print, () => window.print()))
    end.after(print)
    const path = location.pathname
    const near = new IntersectionObserver(seen => {
      if (!seen.some(one => one.isIntersecting)) return
      near.disconnect()
      relate(end, path)
    }, { rootMargin: "800px" })
    near.observe(end)
  }

  if (window.document$) window.document$.subscribe(arrive)
  else arrive()
})()
