/* Sends the contact form without leaving the page, so that nothing written is lost when the service does not answer.
 *
 * It is inline in the page and runs each time the page is shown; the page's scripts may run in any order. Without it the
 * form is sent like any other. A customer who sends twice gets one code, because the token names the attempt. Nothing is
 * sent without the customer, and no article is suggested before or after: whoever writes to a person gets a person.
 */
(() => {
  "use strict"
  const words = document.getElementById("handrail-words")
  const form = [...document.querySelectorAll("handrail-main form")].find(one => one.elements.namedItem("message"))
  if (!words || !form) return
  const WORDS = JSON.parse(words.dataset.handrail)
  const button = form.querySelector("[type=submit]")
  const label = button.textContent
  form.dataset.opened ||= Date.now()    // a restored draft was opened earlier
  let sending = false
  let lost = false    // the last attempt got no answer

  function element(name, className, text) {
    const made = document.createElement(name)
    if (className) made.className = className
    made.textContent = text
    return made
  }

  function token() {
    form.dataset.token ||= form.elements.namedItem("token")?.value
      || Array.from(crypto.getRandomValues(new Uint8Array(12)), byte => byte.toString(16).padStart(2, "0")).join("")
    return form.dataset.token
  }

  // What went wrong, and the other channels to a person, which are on this page.
  function say(text) {
    let place = form.querySelector(".handrail-problem")
    if (!place) {
      place = element("p", "handrail-problem handrail-error", "")
      place.setAttribute("role", "alert")
      button.after(place)
    }
    place.textContent = text
    if (!text || !document.getElementById("handrail-channels")) return
    const others = element("a", "", WORDS.other_ways)
    others.href = "#handrail-channels"
    place.append(" ", others)
  }

  function forgetErrors() {
    for (const old of form.querySelectorAll(".handrail-field-error")) old.remove()
    for (const field of form.elements) field.removeAttribute("aria-invalid")
  }

  function showErrors(fields) {
    const hidden = []
    for (const [name, text] of Object.entries(fields)) {
      const field = form.elements.namedItem(name)
      if (!field || field.closest(".handrail-trap")) { hidden.push(text); continue }
      field.setAttribute("aria-invalid", "true")
      field.before(element("span", "handrail-error handrail-field-error", text))
    }
    form.querySelector("[aria-invalid]")?.focus()
    const marked = form.querySelector("[aria-invalid]") ? [WORDS.mend] : []
    say([WORDS.errors, ...marked, ...hidden].join(" "))
  }

  function thank(code, spoken) {
    const main = form.closest("handrail-main")
    const title = element(main.querySelector("h1") ? "h1" : "h2", "", WORDS.sent_title)
    title.tabIndex = -1
    const shown = [element("p", "", WORDS.code), element("p", "handrail-code", code)]
    const known = form.elements.namedItem("reply_to")?.value.trim()
    const next = element("p", "", known ? WORDS.sent_body : WORDS.sent_no_reply_to)
    const ticked = [...form.querySelectorAll(".handrail-along input:checked")].map(box => box.parentElement.textContent.trim())
    const names = [...form.elements.namedItem("files")?.files || []].map(file => file.name)
    const list = element("ul", "", "")
    list.append(...[...ticked, ...names].map(text => element("li", "", text)))
    const went = list.children.length ? [element("p", "", WORDS.along_went), list] : []
    const later = element("p", "", "")
    const link = main.querySelector("a[href$='contact/code/']")
    if (link) later.append(link)
    if (link) link.textContent = WORDS.code_later
    const print = element("button", "handrail-second handrail-print", WORDS.print)
    print.type = "button"
    print.addEventListener("click", () => window.print())
    form.dispatchEvent(new CustomEvent("handrail:sent"))
    main.replaceChildren(title, next, ...shown, element("p", "", spoken), element("p", "", WORDS.code_hint), print, later, ...went)
    title.focus()
  }

  // What is wrong with the chosen files, so that no megabytes are sent in vain. The service checks their content.
  function filesFault(files) {
    if (files.length > WORDS.most_files) return WORDS.files_count
    const strange = files.find(file => file.type && !/^image\/(png|jpeg|gif|webp)$|^application\/pdf$/.test(file.type))
    if (strange) return WORDS.files_kind.replace("{name}", () => strange.name)
    return files.reduce((sum, file) => sum + file.size, 0) > WORDS.megabytes * 1048576 ? WORDS.files_size : ""
  }

  async function send() {
    const filled = new FormData(form)
    const files = filled.getAll("files").filter(file => file.size || file.name)
    const fault = filesFault(files)
    if (fault) return showErrors({ files: fault })
    filled.delete("files")
    const along = filled.getAll("along").map(ticked => JSON.parse(ticked))
    const waited = (Date.now() - Number(form.dataset.opened)) / 1000
    const written = { ...Object.fromEntries(filled), along, waited, token: token(), sure: form.dataset.sure }
    const request = { method: "POST", credentials: "same-origin", signal: AbortSignal.timeout?.(files.length ? 300000 : 20000),
                      headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify(written) }
    if (files.length) {
      filled.set("waited", waited.toFixed(3))
      filled.set("token", token())
      filled.set("sure", form.dataset.sure || "")
      for (const file of files) filled.append("files", file)
      request.headers = { accept: "application/json" }
      request.body = filled
    }
    let response
    try {
      response = await fetch(form.action, request)
    } catch {
      lost = true
      return say(navigator.onLine === false ? WORDS.offline : WORDS.lost)
    }
    const answer = await response.json().catch(() => ({}))
    if (response.status === 201 && typeof answer.code === "string") return thank(answer.code, String(answer.spoken || ""))
    // An address that looks mistyped is accepted when it is sent again unchanged.
    if (response.status === 422 && answer.fields) {
      form.dataset.sure = answer.fields.reply_to ? written.reply_to || "" : ""
      return showErrors(answer.fields)
    }
    say(response.status === 429 && answer.error?.what ? String(answer.error.what) : WORDS.service_down)
  }

  form.addEventListener("submit", event => {
    event.preventDefault()
    if (sending) return
    sending = true
    lost = false
    say("")
    forgetErrors()
    // Not disabled, because a disabled button loses the focus.
    button.setAttribute("aria-disabled", "true")
    button.textContent = WORDS.sending
    send().finally(() => {
      sending = false
      if (form.isConnected) form.dispatchEvent(new CustomEvent("handrail:failed"))
      button.removeAttribute("aria-disabled")
      button.textContent = label
    })
  })
  // Instant navigation fetches this page again when a link within it changes the address; the checks would be lost.
  form.closest("handrail-main").parentElement.addEventListener("click", event => {
    const link = event.target instanceof Element && event.target.closest("a[href^='#']:not(.headerlink)")
    const target = link && document.getElementById(link.hash.slice(1))
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    event.stopPropagation()
    if (target.tabIndex < 0) target.tabIndex = -1
    target.scrollIntoView()
    target.focus({ preventScroll: true })
  })
  addEventListener("online", () => { if (lost && form.isConnected) say(WORDS.online) })
})()
