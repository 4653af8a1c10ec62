/* "Was this page helpful?": one click sends the vote. Reasons and a comment may then be added to it, below the link to a
 * person; what is not sent never leaves the page. The customer is told when a vote could not be stored.
 *
 * Both forms are in the page already (handrail_kb/site/vote_form.py) and work without this script: they then lead to a
 * page.
 */
(() => {
  "use strict"
  if (!window.handrail) return
  const { CONFIG, absolute, recall, remember } = window.handrail
  const HOURS = 12
  const PATIENCE = 8000    // milliseconds to wait for an answer
  const OPENED_NOW = 60000    // milliseconds in which a tab counts as just opened from another one

  // Names this tab to the service, so that a second vote replaces the first; names this page where storage is blocked.
  let tab = Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, "0")).join("")
  tab = recall("tab") || tab

  /* ---- the search that led to this page: in this tab, or in the one that opened it in another tab --------------- */

  function came() {
    try { return JSON.parse(recall("came")).filter(one => Date.now() - one.at < HOURS * 3600000) }
    catch { return [] }
  }
  const ledTo = path => came().find(one => one.path === path)

  function cameFrom() {
    const one = ledTo(location.pathname)
    // Somebody with two tabs is one person: the vote counts for the tab that searched.
    return one ? { search_id: one.search, ...(one.tab && { tab: one.tab }) } : {}
  }

  // A new tab remembers nothing. Only other tabs of this browser are asked.
  function askOtherTabs() {
    if (ledTo(location.pathname) || history.length > 1 || !document.referrer || !window.BroadcastChannel) return
    const channel = new BroadcastChannel("handrail.came")
    channel.onmessage = ({ data }) => {
      if (data.told?.path !== location.pathname || Date.now() - data.told.at > OPENED_NOW) return
      remember("came", JSON.stringify([data.told]))
      // A customer who goes on to a person from here came from that search, too.
      if (!recall("search")) remember("search", data.told.search)
      channel.close()
    }
    channel.postMessage({ asked: location.pathname })
    setTimeout(() => channel.close(), 2000)
  }
  function answerOtherTabs() {
    if (!window.BroadcastChannel) return
    const channel = new BroadcastChannel("handrail.came")
    channel.onmessage = ({ data }) => {
      const one = data.asked && ledTo(data.asked)
      if (one) channel.postMessage({ told: { tab, ...one } })
    }
    // An open channel would keep the page out of the back/forward cache.
    addEventListener("pagehide", () => channel.close(), { once: true })
  }

  async function keep(address, vote) {
    const body = JSON.stringify(vote)
    const headers = { "content-type": "application/json" }
    try {
      const signal = AbortSignal.timeout?.(PATIENCE)
      const sent = { method: "POST", keepalive: true, credentials: "same-origin", headers, body, signal }
      return (await fetch(address, sent)).ok
    } catch { return false }
  }

  function ask() {
    const form = document.forms.namedItem("feedback")
    if (!form || form.dataset.handrail) return
    form.dataset.handrail = "on"
    form.hidden = false    // a theme's own form is hidden at first, and has no form for reasons
    const buttons = [...form.querySelectorAll("[type=submit]")]
    const notes = form.querySelector(".md-feedback__note")
    const why = document.forms.namedItem("handrail-why")
    const said = why?.nextElementSibling
    const address = why?.action || absolute(`${CONFIG.api}/feedback`)
    let voted = ""
    let turn = 0
    notes?.setAttribute("role", "status")

    // One after the other, because the last vote counts.
    let sending = Promise.resolve()
    function inTurn(said) {
      const vote = { url: location.pathname, tab, ...cameFrom(), ...said }
      return sending = sending.then(() => keep(address, vote))
    }

    function say(text) {
      if (!said) return
      said.hidden = !text
      said.textContent = text
    }

    // The link to a person is shown at once, and stays when the vote was not stored: then it is needed even more.
    // Customers are thanked only for a vote that was stored.
    function show(pressed, kept) {
      form.classList.add("handrail-voted")
      for (const button of buttons) button.setAttribute("aria-pressed", String(pressed && button.dataset.mdValue === voted))
      for (const note of notes?.children || []) note.hidden = note.dataset.mdValue !== voted
      for (const thanks of form.querySelectorAll(".handrail-vote")) thanks.hidden = !kept
    }

    function askWhy() {
      why.reset()
      for (const group of why.querySelectorAll("fieldset")) group.hidden = group.disabled = group.dataset.vote !== voted
      why.hidden = false
      why.querySelector("details").open = voted === "0"
    }

    async function vote(value) {
      const mine = ++turn
      voted = value
      say("")
      show(true, false)
      if (why) why.hidden = true
      bringIntoSight()
      const kept = await inTurn({ helpful: voted === "1" })
      if (mine !== turn) return    // a newer vote has replaced this one
      show(kept, kept)
      if (kept && why) askWhy()
      if (!kept) say(why?.dataset.notKept)
      bringIntoSight()
    }

    // Customers vote at the foot of the screen: what is said, and the link to a person, would appear below it.
    function bringIntoSight() {
      for (const shown of [said, why, notes])
        if (shown && !shown.hidden) shown.scrollIntoView({ block: "nearest" })
    }

    async function add() {
      const fields = new FormData(why)
      const [reasons, comment] = [fields.getAll("reason"), fields.get("comment").trim()]
      say("")
      const kept = await inTurn({ helpful: voted === "1", reasons, comment })
      if (!kept) return say(why.dataset.notKept)
      why.hidden = true
      say(why.dataset.moreThanks)
      said.tabIndex = -1
      said.focus()    // the button that had it is gone
    }

    for (const button of buttons)
      button.addEventListener("click", event => { event.preventDefault(); vote(button.dataset.mdValue) })
    let adding = false
    why?.addEventListener("submit", async event => {
      event.preventDefault()
      if (adding) return
      adding = true
      await add()
      adding = false
    })
  }

  askOtherTabs()
  answerOtherTabs()
  addEventListener("pageshow", event => { if (event.persisted) answerOtherTabs() })
  if (window.document$) window.document$.subscribe(ask)
  else ask()
})()
