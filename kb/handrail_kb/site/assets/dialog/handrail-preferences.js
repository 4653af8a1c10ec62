/* Remembers, in this browser only, which of the site's products a customer asks about. Search then leaves out the articles
 * of others, here and on the find page; the contact page offers the product, unticked.
 *
 * Chosen on the home page, on the find page, or in the search dialog, which also says that a choice is in force. Arrow
 * keys in the dialog belong to the theme, so that a link at the end of the list, which they reach, drops the choice.
 */
(() => {
  "use strict"
  const facts = document.getElementById("__handrail")
  const products = facts && JSON.parse(facts.textContent).products
  if (!products) return
  const KEY = "handrail.product"
  const selects = () => document.querySelectorAll("select[name=product]")

  function recall() {
    try {
      const kept = localStorage.getItem(KEY) || ""
      return products.names.includes(kept) ? kept : ""
    } catch { return "" }
  }
  function choose(product) {
    try {
      if (product) localStorage.setItem(KEY, product)
      else localStorage.removeItem(KEY)
    } catch { /* It holds for this page. */ }
    show(product)
    window.dispatchEvent(new CustomEvent("handrail:product", { detail: product }))
  }

  /* ---- in the search dialog ---------------------------------------------------------------------------------------- */

  const result = document.querySelector("[data-md-component=search-result]")
  const list = result?.querySelector(".md-search-result__list")
  const place = document.createElement("div")
  const drop = document.createElement("a")

  function build() {
    const label = document.createElement("label")
    const select = document.createElement("select")
    place.className = "handrail-product"
    select.name = "product"
    select.append(new Option(products.all, ""), ...products.names.map(name => new Option(name, name)))
    select.addEventListener("keydown", event => { if (event.key !== "Escape") event.stopPropagation() })
    label.append(`${products.label} `, select)
    place.append(label)
    result.prepend(place)
    drop.className = "md-search-result__link handrail-product-drop"
    drop.href = location.pathname
    drop.tabIndex = -1
    drop.setAttribute("role", "button")
    drop.append(document.createElement("span"))
    drop.firstChild.dataset.mdScore = "-7"    // Enter opens the link with the highest score
    drop.addEventListener("click", event => {
      event.preventDefault()
      event.stopPropagation()
      choose("")
      document.querySelector("[data-md-component=search-query]")?.focus()
    })
  }

  function show(product) {
    for (const select of selects()) select.value = product
    if (!list) return
    if (!product) return drop.remove()
    drop.firstChild.textContent = `${products.only.replace("{product}", () => product)} ${products.drop}`
    if (!drop.isConnected) list.after(drop)
  }

  // The find page has asked already: its list is that of the choice in its address.
  const arrive = () => { if (!document.querySelector("[data-handrail-search]")) show(recall()) }
  document.addEventListener("change", event => {
    if (event.target instanceof Element && event.target.matches("select[name=product]")) choose(event.target.value)
  })
  if (list) build()
  if (window.document$) window.document$.subscribe(arrive)
  else arrive()
})()
