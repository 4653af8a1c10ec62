/* Offers, below the message, what could be sent along: searches and articles of this visit, what did not help, the
 * product, the language.
 *
 * Each item is shown word for word with its own checkbox, and none is checked. What is not checked never leaves the
 * browser. Without this script nothing is offered and nothing is sent along.
 */
(() => {
  "use strict"
  const words = document.getElementById("handrail-words")
  const form = [...document.querySelectorAll("handrail-main form")].find(one => one.elements.namedItem("message")?.type === "textarea")
  if (!words || !form || form.elements.namedItem("along")) return
  const WORDS = JSON.parse(words.dataset.handrail)
  const KEY = `handrail.visit ${form.action}`
  const HOURS = 12

  function visited() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(KEY)) || []
      return kept.filter(item => Date.now() - item.at < HOURS * 3600000)
    } catch { return [] }
  }
  // What was chosen for search (handrail-preferences.js), if the site still has it.
  function chosen(name) {
    try {
      const kept = localStorage.getItem(`handrail.${name}`)
      return WORDS.choices[name]?.find(([value]) => value === kept)?.[1] || ""
    } catch { return "" }
  }
  function language() {
    try {
      return new Intl.DisplayNames(document.documentElement.lang || "en", { type: "language" }).of(navigator.language)
    } catch { return navigator.language || "" }
  }

  const offered = [
    ...visited(),
    { kind: "product", text: chosen("product") || WORDS.product },
    { kind: "language", text: chosen("only_lang") || language() },
  ].filter(item => item.text)

  function choice({ kind, text, url }) {
    const label = document.createElement("label")
    const box = document.createElement("input")
    box.type = "checkbox"
    box.name = "along"
    box.value = JSON.stringify(url ? { kind, text, url } : { kind, text })
    box.autocomplete = "off"    // a browser that restores forms must not check boxes for a customer
    label.append(box, ` ${WORDS[`along_${kind}`].replace("{text}", () => url ? `${text} (${url})` : text)}`)
    return label
  }

  const group = document.createElement("fieldset")
  const legend = document.createElement("legend")
  const hint = document.createElement("p")
  group.className = "handrail-along"
  legend.textContent = WORDS.along_legend
  hint.className = "handrail-hint"
  hint.textContent = WORDS.along_hint
  group.append(legend, hint, ...offered.map(choice))
  const trap = form.querySelector(".handrail-trap")
  if (trap && offered.length) trap.before(group)
})()
