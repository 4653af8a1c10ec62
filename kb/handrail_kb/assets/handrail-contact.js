/* Sends the contact form without leaving the page, so that nothing written is lost when the service does not answer.
 *
 * It stands in the page itself and runs each time the page is shown. Without it the form is sent as any other. A customer who sends twice gets one code: the token names the try.
 */
(() => {
  "use strict"
  const facts = document.getElementById("__handrail")
  if (!facts) return
  const WORDS = JSON.parse(facts.textContent).words

  function element(name, className, text) {
    const made = document.createElement(name)
    if (className) made.className = className
    made.textContent = text
    return made
  }

  function tokenOf(form) {
    const given = form.elements.namedItem("token")?.value
    form.dataset.token ||= given || Array.from(crypto.getRandomValues(new Uint8Array(12)),
                                               byte => byte.toString(16).padStart(2, "0")).join("")
    return form.dataset.token
  }

  function say(form, text) {
    let place = form.querySelector(".handrail-problem")
    if (!place) {
      place = element("p", "handrail-problem handrail-error", "")
      place.setAttribute("role", "alert")
      form.append(place)
    }
    place.textContent = text
  }

  function showErrors(form, fields) {
    for (const old of form.querySelectorAll(".handrail-field-error")) old.remove()
    for (const field of form.elements) field.removeAttribute("aria-invalid")
    for (const [name, text] of Object.entries(fields)) {
      const field = form.elements.namedItem(name)
      if (!field) continue
      field.setAttribute("aria-invalid", "true")
      field.before(element("span", "handrail-error handrail-field-error", text))
    }
    form.querySelector("[aria-invalid]")?.focus()
    say(form, WORDS.errors)
  }

  function thank(form, code, spoken) {
    const main = form.closest("handrail-main")
    const title = element(main.querySelector("h1") ? "h1" : "h2", "", WORDS.sent_title)
    title.tabIndex = -1
    const shown = element("p", "", `${WORDS.code}: `)
    shown.append(element("strong", "handrail-code", code))
    const lines = [title, element("p", "", WORDS.sent_body), shown, element("p", "", spoken), element("p", "", WORDS.code_hint)]
    const otherWays = [...main.children].filter(part => form.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING)
    if (!form.elements.namedItem("reply_to")?.value.trim())
      lines.push(element("p", "", WORDS.sent_no_reply_to), ...otherWays)
    main.replaceChildren(...lines)
    title.focus()
  }

  async function send(form) {
    const written = { ...Object.fromEntries(new FormData(form)), token: tokenOf(form) }
    const response = await fetch(form.action, {
      method: "POST", credentials: "same-origin", signal: AbortSignal.timeout?.(20000),
      headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(written),
    })
    const answer = await response.json()
    if (response.status === 201 && typeof answer.code === "string") return thank(form, answer.code, String(answer.spoken || ""))
    if (response.status === 422 && answer.fields) return showErrors(form, answer.fields)
    throw new Error(`the service answered ${response.status}`)
  }

  const form = [...document.querySelectorAll("handrail-main form")].find(one => one.elements.namedItem("message"))
  form?.addEventListener("submit", event => {
    event.preventDefault()
    const button = form.querySelector("[type=submit]")
    button.disabled = true
    send(form).catch(() => say(form, WORDS.service_down)).finally(() => { button.disabled = false })
  })
})()
