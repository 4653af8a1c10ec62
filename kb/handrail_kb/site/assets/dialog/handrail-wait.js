/* While the service is slow, the list of simple search is on the screen and the better one is still to come. It replaces
 * the list when it comes, but not under the hands of somebody who has begun to move in it: they are offered it instead.
 *
 * handrail-worker.js holds the better list back when this script says so, over a channel that both open for one query.
 * handrail-dialog.js loads this script where the service is slow.
 */
(() => {
  "use strict"
  const config = document.getElementById("__config")
  if (!window.handrail || !config || !window.BroadcastChannel) return
  const { WORDS, element, lineLink, search: { result, input } } = window.handrail
  const PAGE = new URLSearchParams(JSON.parse(config.textContent).search?.split("#")[1]).get("page")
  let channel = null
  let query = ""
  let moved = false

  result.addEventListener("handrail:shown", () => {
    channel?.close()
    channel = null
    moved = false
  })
  // Said again once this script is there, with the answer that is shown by then.
  result.addEventListener("handrail:waits", ({ detail }) => {
    query = detail.query
    if (!PAGE || detail.source !== "material" || channel) return
    channel = new BroadcastChannel(`handrail.${PAGE}`)
    channel.onmessage = ({ data }) => { if (data.better === query) offer() }
    if (result.contains(document.activeElement)) move()    // while this script was under way
  })

  function move() {
    if (!channel || moved) return
    moved = true
    channel.postMessage({ moved: query })
  }
  for (const begins of ["focusin", "wheel", "touchstart"]) result.addEventListener(begins, move, { passive: true })
  // Whatever appears beneath a mouse at rest is reported as a movement, too.
  result.addEventListener("pointermove", event => { if (event.movementX || event.movementY) move() })

  function offer() {
    const note = result.querySelector(".handrail-note")
    if (!note) return
    const link = lineLink(WORDS.better_show, "#", () => {
      channel?.postMessage({ show: query })
      input.focus()
    })
    link.className = "handrail-as-written"
    const line = element("p", "", `${WORDS.better} `)
    line.append(link)
    note.replaceChildren(line)
    note.hidden = false
  }
})()
