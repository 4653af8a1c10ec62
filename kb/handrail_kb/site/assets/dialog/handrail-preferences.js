/* Remembers, in this browser only, which of the site's products a customer asks about, and the language of articles. Search
 * then leaves out the articles of others, here and on the find page; the contact page offers both, unticked.
 *
 * Chosen on the home page, on the find page, or in the search dialog, which also says that a choice is in force. Arrow
 * keys in the dialog belong to the theme, and reach a link at the end of the list, which drops the choice. Tab, with which
 * the theme closes the dialog, goes from the search field to the choices, and from the last one to the results.
 */
(() => {
  "use strict"
  if (!window.handrail?.CONFIG.choices) return
  const { CONFIG: { choices }, element, lineLink, search: { input, list, result, toggle } } = window.handrail
  const place = element("div", "handrail-choices")
  const drops = new Map()

  function recall(name) {
    try {
      const kept = localStorage.getItem(`handrail.${name}`)
      return choices[name].names.find(([value]) => value === kept)?.[0] || ""
    } catch { return "" }
  }
  function choose(name, value) {
    try {
      if (value) localStorage.setItem(`handrail.${name}`, value)
      else localStorage.removeItem(`handrail.${name}`)
    } catch { /* It holds for this page. */ }
    show(name, value)
    window.dispatchEvent(new CustomEvent("handrail:choice", { detail: { name, value } }))
  }

  /* ---- in the search dialog ---------------------------------------------------------------------------------------- */

  function build(name) {
    const { label, all, names } = choices[name]
    const [field, select] = [element("label", "", `${label} `), element("select")]
    select.name = name
    select.append(new Option(all, ""), ...names.map(([value, shown]) => new Option(shown, value)))
    select.addEventListener("keydown", event => { if (event.key !== "Escape") event.stopPropagation() })
    field.append(select)
    place.append(field)
    const drop = lineLink("", location.pathname, () => {
      choose(name, "")
      input.focus()
    })
    drop.className = "md-search-result__link handrail-choice-drop"
    drops.set(name, drop)
  }

  function show(name, value) {
    for (const select of document.querySelectorAll(`select[name=${name}]`)) select.value = value
    const drop = drops.get(name)
    if (!drop) return
    if (!value) return drop.remove()
    const { names, only, drop: words } = choices[name]
    const [, shown] = names.find(([one]) => one === value)
    drop.firstChild.textContent = `${only.replace(/\{\w+\}/, () => shown)} ${words}`
    if (!drop.isConnected) list.after(drop)
  }

  function onTab(event) {
    if (!["Tab", "Shift"].includes(event.key) || event.isComposing || !toggle?.checked || !result.contains(place)) return
    const active = document.activeElement
    // At any other key the theme puts the focus into the search field, and Shift alone is not meant so.
    if (event.key === "Shift") return result.contains(active) && event.stopImmediatePropagation()
    const stops = [input, ...place.querySelectorAll("select")]
    const first = [...result.querySelectorAll("a[href]")].find(link => link.offsetParent)
    const at = stops.indexOf(active)
    const next = at >= 0 ? stops[at + (event.shiftKey ? -1 : 1)] || (!event.shiftKey && first)
      : event.shiftKey && (active === document.body || result.contains(active)) && stops.at(-1)    // a row that has gone leaves none
    if (!next) return    // the theme closes the dialog
    event.preventDefault()
    event.stopImmediatePropagation()
    next.focus()
  }

  // The find page has asked already: its list is that of the choice in its address.
  function arrive() {
    if (!document.querySelector("[data-handrail-search]")) for (const name in choices) show(name, recall(name))
  }
  document.addEventListener("change", event => {
    const { name, value } = event.target
    if (event.target instanceof HTMLSelectElement && Object.hasOwn(choices, name)) choose(name, value)
  })
  if (list) {
    Object.keys(choices).forEach(build)
    result.prepend(place)
    addEventListener("keydown", onTab, true)
  }
  if (window.document$) window.document$.subscribe(arrive)
  else arrive()
})()
