/* The search field of the home page opens the theme's search dialog, with what was typed.
 *
 * It is inline in the page and runs each time the page is shown. Focus alone opens nothing, so that whoever goes through
 * the page by keyboard is not taken elsewhere. Without this script, or without the dialog, the field is a form that asks
 * the find page.
 */
(() => {
  "use strict"
  const field = document.getElementById("handrail-home-q")
  const form = field?.form
  const toggle = document.querySelector("[data-md-toggle=search]")
  const input = document.querySelector("[data-md-component=search-query]")
  if (!form || !toggle || !input || input.closest("[hidden]")) return
  field.setAttribute("aria-haspopup", "dialog")
  field.required = false    // without words, the button opens the dialog with what people ask most

  function open(words) {
    if (!toggle.checked) toggle.click()
    if (words) input.value = words
    field.value = ""
    input.focus()
    if (words) input.dispatchEvent(new Event("input", { bubbles: true }))
  }
  form.addEventListener("submit", event => {
    event.preventDefault()
    open(field.value.trim())
  })
  field.addEventListener("click", () => open(field.value))
  // Words that are put together from several keys, as in Japanese, move once they are complete.
  field.addEventListener("input", event => { if (!event.isComposing && field.value) open(field.value) })
  field.addEventListener("compositionend", () => { if (field.value) open(field.value) })
  // Whoever closes the dialog is where they were before.
  toggle.addEventListener("change", function closed() {
    if (!field.isConnected) toggle.removeEventListener("change", closed)    // it outlives the page
    else if (!toggle.checked && document.activeElement === document.body) field.focus({ preventScroll: true })
  })
})()
