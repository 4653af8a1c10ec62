/* Runs before Material's bundle reads its configuration. Tells the search worker which tab and page are asking,
 * whether the service failed a moment ago, so that a new page does not wait for it again, and how quick it was.
 *
 * The tab's token is random, is kept in sessionStorage only, and ends with the tab. A worker cannot read sessionStorage,
 * so these values are passed in the fragment of its address, which is never sent anywhere. Search also works where
 * storage is blocked.
 *
 * Material also opens its dialog, over everything, on any page whose address has ?q=. On the find and contact pages the
 * words are meant for the page, so the parameter is renamed to ?query=, which means the same to our service.
 */
(() => {
  "use strict"
  const address = new URL(location.href)
  if (document.querySelector("handrail-main") && address.searchParams.has("q")) {
    address.searchParams.set("query", address.searchParams.get("q"))
    address.searchParams.delete("q")
    history.replaceState(history.state, "", address)
  }
  // Switched off by the customer in this browser (handrail.js): searches are answered, and not kept.
  function keep() {
    try { return localStorage.getItem("handrail.keep") || "" } catch { return "" }
  }
  const element = document.getElementById("__config")
  try {
    const config = JSON.parse(element.textContent)
    if (typeof config.search !== "string" || !config.search.includes("#")) return
    const random = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0"))
    const page = random().join("").slice(16)    // names this page to its worker alone
    let tab = "", down = "", pace = ""
    try {
      tab = sessionStorage.getItem("handrail.tab") || random().join("")
      sessionStorage.setItem("handrail.tab", tab)
      down = sessionStorage.getItem("handrail.down") || ""
      pace = sessionStorage.getItem("handrail.pace") || ""
    } catch {
      tab = tab || random().join("")
    }
    for (const [name, value] of [...Object.entries({ tab, page, down, pace, keep: keep() }), ...(window.handrailChosen || [])]) config.search += `&${name}=${encodeURIComponent(value)}`
    element.textContent = JSON.stringify(config)
  } catch {
    // The worker answers without our parameters, too.
  }
})()
