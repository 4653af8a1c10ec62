/* Runs before handrail-tab.js on sites whose customers can choose a product or a language: tells the search worker what was
 * chosen in this browser (handrail-preferences.js), now and when it changes.
 */
(() => {
  "use strict"
  const known = JSON.parse(document.getElementById("__handrail")?.textContent || "{}").choices
  if (!known) return
  const Plain = window.Worker
  window.Worker = class extends Plain {
    constructor(...given) {
      super(...given)
      if (String(given[0]).includes("handrail-worker"))
        window.addEventListener("handrail:choice", event => this.postMessage({ type: "handrail.choice", ...event.detail }))
    }
  }
  const kept = name => { try { return localStorage.getItem(`handrail.${name}`) } catch { return null } }
  window.handrailChosen = Object.keys(known).map(name => [name, kept(name)])
    .filter(([name, value]) => known[name].names.some(one => one[0] === value))
})()
