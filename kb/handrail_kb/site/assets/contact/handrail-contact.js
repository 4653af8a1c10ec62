/* Sends the contact form without leaving the page, so that nothing written is lost when the service does not answer,
 * and keeps the page with the reference code for this tab.
 *
 * It is inline in the page and runs each time the page is shown; the page's scripts may run in any order. Without it the
 * form is sent like any other. A customer who sends twice gets one code, because the token names the attempt. Nothing is
 * sent without the customer, and no article is suggested before or after: whoever writes to a person gets a person.
 */
(() => {
  "use strict"
  const words = document.getElementById("handrail-words")
  const main = document.querySelector("handrail-main")
  const facts = document.getElementById("__handrail")
  if (!words || !main || !facts) return
  const WORDS = JSON.parse(words.dataset.handrail)
  const KEY = `handrail.sent ${new URL(`${JSON.parse(facts.textContent).api}/contact`, location.href).href}`
  const HOURS = 12
  const LANG = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang || "en-GB"

  function element(name, className, text) {
    const made = document.createElement(name)
    if (className) made.className = className
    made.textContent = text
    return made
  }
  function press(className, text, act) {
    const made = element("button", className, text)
    made.type = "button"
    made.addEventListener("click", act)
    return made
  }
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "")

  /* ---- what was sent from this tab, for a reload and for the way back ---------------------------------------------- */

  function keep(sent) {
    try {
      if (sent) sessionStorage.setItem(KEY, JSON.stringify(sent))
      else sessionStorage.removeItem(KEY)
      return true
    } catch { return false }
  }
  function kept() {
    try {
      const sent = JSON.parse(sessionStorage.getItem(KEY))
      return sent && Date.now() - sent.at < HOURS * 3600000 ? sent : null
    } catch { return null }
  }
  const format = (moment, parts) => new Intl.DateTimeFormat(LANG, parts).format(moment)
  const clock = moment => format(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })

  // "We answer to anna@example.org by Monday 30 November, 13:00." on the customer's clock.
  function answerTo({ address, answer_by, at }) {
    if (!address) return WORDS.sent_no_reply_to
    if (!answer_by) return fill(WORDS.sent_answer, { address })
    const by = Math.ceil(Date.parse(answer_by) / 60000) * 60000
    const today = new Date(by).toDateString() === new Date(at).toDateString()
    const day = format(by, { weekday: "long", day: "numeric", month: "long" })
    return fill(today ? WORDS.sent_answer_today : WORDS.sent_answer_by, { address, day, time: clock(by) })
  }

  function copy(code, button) {
    const done = () => { button.textContent = WORDS.sent_copied; button.setAttribute("aria-live", "polite") }
    const select = () => {    // no clipboard without https, or the browser refuses it
      getSelection().selectAllChildren(main.querySelector(".handrail-code"))
      if (document.execCommand("copy")) done()
    }
    if (navigator.clipboard) navigator.clipboard.writeText(code).then(done, select)
    else select()
  }

  function thank(sent) {
    const title = element(main.querySelector("h1") ? "h1" : "h2", "", WORDS.sent_title)
    title.tabIndex = -1
    const list = element("ul", "", "")
    list.append(...sent.went.map(text => element("li", "", text)))
    const link = main.querySelector("a[href$='contact/code/']")
    const later = element("p", "", "")
    if (link) {
      link.textContent = WORDS.code_later
      later.append(link)
    }
    const again = press("handrail-plain", WORDS.sent_another, () => {
      history.replaceState(history.state, "", location.pathname)
      location.reload()
    })
    const buttons = element("p", "handrail-buttons", "")
    buttons.append(press("handrail-second handrail-copy", WORDS.sent_copy, event => copy(sent.code, event.currentTarget)), " ",
                   press("handrail-second handrail-print", WORDS.print, () => window.print()))
    main.replaceChildren(
      title, element("p", "", WORDS.code), element("p", "handrail-code", sent.code), element("p", "handrail-hint", sent.spoken),
      buttons, element("p", "", [WORDS.code_hint, ...(sent.mailed ? [WORDS.sent_mailed] : [])].join(" ")),
      element("h2", "", WORDS.sent_next), element("p", "", `${WORDS.sent_body} ${answerTo(sent)}`),
      ...(sent.callback ? [element("p", "", fill(WORDS.sent_call, { time: sent.callback }))] : []), later,
      ...(sent.went.length ? [element("p", "", WORDS.along_went), list] : []),
      ...(kept() ? [element("p", "handrail-hint", WORDS.sent_kept)] : []), again)
    document.title = document.title.replace(/^.*?(?= - |$)/, () => WORDS.sent_title)
    title.focus()
  }

  const codeField = main.querySelector("input[name=code]:not([type=hidden])")
  if (codeField && !codeField.value) codeField.value = kept()?.code || ""
  if (main.querySelector("[data-handrail-erased]")) keep(null)

  const form = [...main.querySelectorAll("form")].find(one => one.elements.namedItem("message")?.type === "textarea")
  if (!form) return
  const before = kept()
  if (before && location.hash === "#sent") return thank(before)
  if (before) {
    const note = element("p", "handrail-before handrail-hint", `${fill(WORDS.sent_before, { time: clock(before.at), code: before.code })} `)
    note.append(press("handrail-plain", WORDS.sent_show, () => {
      history.replaceState(history.state, "", `${location.pathname}#sent`)
      thank(before)
    }))
    form.after(note)
  }
  const button = form.querySelector("[type=submit]")
  const label = button.textContent
  form.dataset.opened ||= Date.now()    // a restored draft was opened earlier
  let sending = false
  let lost = false    // the last attempt got no answer

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
    if (text) offerOtherWays(place)
  }

  function offerOtherWays(place) {
    if (!document.getElementById("handrail-channels")) return
    const others = element("a", "", WORDS.other_ways)
    others.href = "#handrail-channels"
    place.append(" ", others)
  }

  /* ---- what is wrong, at its field and above the form -------------------------------------------------------------- */

  function describe(field, id, add) {
    const ids = (field.getAttribute("aria-describedby") || "").split(" ").filter(one => one && one !== id)
    if (add) ids.push(id)
    if (ids.length) field.setAttribute("aria-describedby", ids.join(" "))
    else field.removeAttribute("aria-describedby")
  }

  function forgetErrors() {
    for (const old of main.querySelectorAll(".handrail-field-error, .handrail-use, #handrail-errors")) old.remove()
    for (const field of form.elements) {
      field.removeAttribute("aria-invalid")
      describe(field, `${field.name}-error`, false)
    }
  }

  function showErrors(fields, meant = {}) {
    const summary = element("div", "handrail-error", "")
    summary.id = "handrail-errors"
    summary.tabIndex = -1
    summary.setAttribute("role", "alert")
    const list = element("ul", "", "")
    summary.append(element("p", "", `${WORDS.errors} ${WORDS.mend}`), list)
    for (const [name, text] of Object.entries(fields)) {
      const field = form.elements.namedItem(name === "waited" ? "message" : name)
      const item = element("li", "", "")
      list.append(item)
      if (!field || field.closest(".handrail-trap")) { item.textContent = text; continue }
      const link = element("a", "", text)
      link.href = `#${field.id}`
      item.append(link)
      if (name === "waited") continue
      const said = element("span", "handrail-error handrail-field-error", text)
      said.id = `${name}-error`
      field.setAttribute("aria-invalid", "true")
      describe(field, said.id, true)
      field.before(said)
      if (meant[name]) said.after(press("handrail-second handrail-use", fill(WORDS.use, { meant: meant[name] }), () => {
        field.value = meant[name]
        field.dispatchEvent(new Event("input", { bubbles: true }))
        forgetErrors()
        button.focus()
      }))
    }
    // Who is taken for a robot has no field to mend.
    if (fields.waited || fields.leave_empty) offerOtherWays(summary)
    form.before(summary)
    const [first, ...others] = form.querySelectorAll("[aria-invalid]")
    // The field itself, where only one is to be mended: its error is read out with it.
    if (first && !others.length && list.children.length === 1) first.focus()
    else summary.focus()
  }

  // What is wrong with the chosen files, so that no megabytes are sent in vain. The service checks their content.
  function filesFault(files) {
    if (files.length > WORDS.most_files) return WORDS.files_count
    const strange = files.find(file => file.type && !/^image\/(png|jpeg|gif|webp)$|^application\/pdf$/.test(file.type))
    if (strange) return WORDS.files_kind.replace("{name}", () => strange.name)
    return files.reduce((sum, file) => sum + file.size, 0) > WORDS.megabytes * 1048576 ? WORDS.files_size : ""
  }

  function done(answer, files) {
    const value = name => form.elements.namedItem(name)?.value.trim() || ""
    const ticked = [...form.querySelectorAll(".handrail-along input:checked")].map(box => box.parentElement.textContent.trim())
    const sent = { at: Date.now(), code: answer.code, spoken: String(answer.spoken || ""), answer_by: answer.answer_by,
                   mailed: answer.mailed === true, address: value("reply_to"), callback: value("callback"),
                   went: [...ticked, ...files.map(file => file.name)] }
    form.dispatchEvent(new CustomEvent("handrail:sent"))
    // So that a reload, or the way back from another page, shows this page and not an empty form.
    if (keep(sent)) history.replaceState(history.state, "", `${location.pathname}#sent`)
    thank(sent)
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
    if (response.status === 201 && typeof answer.code === "string") return done(answer, files)
    // An address that looks mistyped is accepted when it is sent again unchanged.
    if (response.status === 422 && answer.fields) {
      form.dataset.sure = answer.fields.reply_to ? written.reply_to || "" : ""
      return showErrors(answer.fields, answer.meant)
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
  main.parentElement.addEventListener("click", event => {
    const link = event.target instanceof Element && event.target.closest("a[href^='#']:not(.headerlink)")
    const target = link && document.getElementById(link.hash.slice(1))
    if (!target || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    event.stopPropagation()
    if (target.tabIndex < 0) target.tabIndex = -1
    target.scrollIntoView()
    target.focus({ preventScroll: true })
  })
  // With instant navigation the window outlives the page.
  addEventListener("online", function online() {
    if (!form.isConnected) removeEventListener("online", online)
    else if (lost) say(WORDS.online)
  })
})()
