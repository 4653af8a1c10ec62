/* Keeps what a customer has typed into the contact form until it is sent or discarded: through a reload, a lost
 * connection, and a visit to an article.
 *
 * The browser keeps it in this tab only (sessionStorage), and it is shown for at most twelve hours; after that,
 * handrail.js deletes it on any page. Nothing is sent anywhere. Where storage is blocked, nothing is kept or announced.
 * The form's token is kept as well, so that a message that is sent again after a reload is still one message.
 */
(() => {
  "use strict"
  const words = document.getElementById("handrail-words")
  const form = [...document.querySelectorAll("handrail-main form")].find(one => one.elements.namedItem("message")?.type === "textarea")
  if (!words || !form) return
  const WORDS = JSON.parse(words.dataset.handrail)
  const KEY = `handrail.draft ${form.action}`
  const HOURS = 12
  const FIELDS = ["subject", "message", "reply_to", "callback"]
  let waiting = 0

  function store(draft) {
    try {
      if (draft) sessionStorage.setItem(KEY, JSON.stringify(draft))
      else sessionStorage.removeItem(KEY)
      return true
    } catch { return false }
  }
  function stored() {
    try {
      const draft = JSON.parse(sessionStorage.getItem(KEY))
      return draft && Date.now() - draft.at < HOURS * 3600000 ? draft : null
    } catch { return null }
  }

  const valueOf = name => form.elements.namedItem(name)?.value || ""
  function written() {
    const fields = Object.fromEntries(FIELDS.map(name => [name, valueOf(name)]))
    const files = form.elements.namedItem("files")?.files.length || 0
    const draft = { at: Date.now(), token: form.dataset.token, opened: form.dataset.opened, files, fields }
    return Object.values(fields).some(value => value.trim()) ? draft : null
  }

  function keep() {
    clearTimeout(waiting)
    waiting = 0
    if (!form.isConnected || form.dataset.sent) return
    const draft = written()
    if (!store(draft)) return
    if (draft) note(form, "append", WORDS.draft_kept, WORDS.draft_discard, discard)
    else clear()
  }

  function fill(draft) {
    for (const name of FIELDS) {
      const field = form.elements.namedItem(name)
      if (!field || !draft.fields[name]) continue
      if (field.tagName === "SELECT" && ![...field.options].some(option => option.value === draft.fields[name])) continue
      field.value = draft.fields[name]
    }
    if (draft.token) form.dataset.token = draft.token
    if (draft.opened) form.dataset.opened = draft.opened
  }

  function restore(draft, text) {
    fill(draft)
    note(form, "before", text, WORDS.draft_discard, discard)
  }

  function discard() {
    const draft = written() || stored()
    store(null)
    for (const name of FIELDS) if (form.elements.namedItem(name)) form.elements.namedItem(name).value = ""
    if (form.elements.namedItem("files")) form.elements.namedItem("files").value = ""
    delete form.dataset.token    // what is written from now on is another message
    form.elements.namedItem("message").focus()
    note(form, "before", WORDS.draft_discarded, draft ? WORDS.draft_undo : "", () => {
      store(draft)
      restore(draft, WORDS.draft_kept)
    })
  }

  function clear() {
    for (const old of document.querySelectorAll(".handrail-draft")) old.remove()
  }

  // A sentence with a button: above the form for a restored draft, below it for the one being written.
  function note(where, place, text, label, act) {
    if (place === "append" && document.querySelector(".handrail-draft")) return
    clear()
    const box = document.createElement("p")
    box.className = "handrail-draft handrail-hint"
    box.setAttribute("role", "status")
    where[place](box)
    if (!label) return void (box.textContent = text)
    const button = document.createElement("button")
    button.type = "button"
    button.className = "handrail-plain"
    button.textContent = label
    button.addEventListener("click", act)
    box.append(`${text} `, button)
  }

  function whenOf(at) {
    const today = new Date().toDateString() === new Date(at).toDateString()
    const lang = document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang
    return new Intl.DateTimeFormat(lang || "en-GB", { ...(today ? {} : { weekday: "long" }), hour: "2-digit", minute: "2-digit",
                                                      hourCycle: "h23" }).format(at)
  }

  const draft = stored()
  // Browsers do not let scripts restore chosen files.
  const again = draft?.files ? ` ${WORDS.files_again}` : ""
  if (draft) restore(draft, WORDS.draft_restored.replace("{time}", whenOf(draft.at)) + again)
  else store(null)
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(keep, 300) })
  for (const moment of ["submit", "focusout"])    // a field loses the focus before a link is followed
    form.addEventListener(moment, () => { if (waiting) keep() })
  form.addEventListener("handrail:sent", () => { form.dataset.sent = "yes"; clearTimeout(waiting); store(null); clear() })
  form.addEventListener("handrail:failed", keep)    // with the token of the attempt
  // With instant navigation the window outlives the page.
  for (const [from, moment] of [[window, "pagehide"], [document, "visibilitychange"]])
    from.addEventListener(moment, function leave() {
      if (!form.isConnected) from.removeEventListener(moment, leave)
      else if (waiting) keep()
    })
})()
