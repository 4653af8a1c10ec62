/* Runs before a page's own scripts and notes when search is ready, when a letter came, and when results stood on screen. */
(() => {
  const Original = window.Worker
  const probe = window.__probe = { ready: null, expected: null, asked: "", questions: 0, answers: 0, letter: 0, shown: null }
  addEventListener("input", () => { probe.letter = performance.now() }, true)

  function whenShown() {
    if (document.querySelector("[data-md-component=search-result] .md-search-result__item")) probe.shown ??= performance.now()
    else requestAnimationFrame(whenShown)
  }

  function isLast(answer) {
    if (probe.expected === null || probe.asked !== probe.expected) return false
    // Handrail says which words it answers; Material answers every query, in order.
    return "query" in answer ? answer.query === probe.expected : probe.answers === probe.questions
  }

  window.Worker = class extends Original {
    constructor(...parameters) {
      super(...parameters)
      this.addEventListener("message", ({ data: message }) => {
        if (message?.type === 1) probe.ready ??= performance.now()
        if (message?.type !== 3) return
        probe.answers++
        if (isLast(message.data)) requestAnimationFrame(whenShown)
      })
    }
    postMessage(message, ...rest) {
      if (message?.type === 2) {
        probe.questions++
        probe.asked = message.data.trim()
      }
      super.postMessage(message, ...rest)
    }
  }
})()
