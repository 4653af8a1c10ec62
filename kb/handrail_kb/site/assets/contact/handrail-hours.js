/* Says on the contact page whether somebody is there now, and shows the hours in the customer's own time zone.
 *
 * Its data are in the page: the week of each channel in minutes of the company's time, and the days that differ. The
 * script is inline in the page, runs each time the page is shown, and asks no service. After the last day that the page
 * covers it says nothing rather than something wrong. Without this script the page shows the hours in the company's time.
 */
(() => {
  "use strict"
  const MINUTE = 60000
  const DAY = 86400000
  const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone
  let data = null

  /* ---- time zones: a moment is milliseconds since 1970, a day is "2026-11-23" ------------------------------------ */

  const clocks = new Map()
  function clockOf(zone) {
    if (!clocks.has(zone))
      clocks.set(zone, new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit",
                                                         day: "2-digit", hour: "2-digit", minute: "2-digit" }))
    return clocks.get(zone)
  }
  function wallOf(moment, zone) {
    const part = Object.fromEntries(clockOf(zone).formatToParts(moment).map(({ type, value }) => [type, value]))
    return { day: `${part.year}-${part.month}-${part.day}`, minutes: Number(part.hour) * 60 + Number(part.minute) }
  }
  const asUtc = ({ day, minutes }) => Date.parse(`${day}T00:00Z`) + minutes * MINUTE
  const shift = (moment, zone) => asUtc(wallOf(moment, zone)) - Math.floor(moment / MINUTE) * MINUTE
  // On the day clocks change, as calendars have it (RFC 5545) and the service computes it: of a time that comes twice the
  // first is meant, and a time that is skipped is as long after the change as it would be without.
  function momentOf(day, minutes, zone) {
    const wall = asUtc({ day, minutes })
    const [before, after] = [wall - shift(wall - DAY, zone), wall - shift(wall + DAY, zone)]
    return asUtc(wallOf(before, zone)) === wall || asUtc(wallOf(after, zone)) !== wall ? before : after
  }
  const later = (day, days) => new Date(Date.parse(`${day}T00:00Z`) + days * DAY).toISOString().slice(0, 10)
  const weekday = day => (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7    // Monday is 0
  const cityOf = zone => zone.split("/").pop().replaceAll("_", " ")

  /* ---- when somebody is there ------------------------------------------------------------------------------------ */

  const differs = (way, day) => way.always ? null : data.days[day] || null
  const spansOn = (way, day) => differs(way, day)?.spans || way.week[weekday(day)]

  // Opening times from a day on, as [from, to] in moments; those that meet at midnight are joined.
  function stretches(way, from, days) {
    const found = []
    for (let number = 0; number < days; number++) {
      const day = later(from, number)
      if (day > data.until) break
      for (const [start, end] of spansOn(way, day)) {
        const moments = [momentOf(day, start, data.zone), momentOf(day, end, data.zone)]
        if (found.length && found.at(-1)[1] === moments[0]) found.at(-1)[1] = moments[1]
        else found.push(moments)
      }
    }
    return found
  }

  const lang = () => document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang || "en-GB"
  const format = (moment, parts) => new Intl.DateTimeFormat(lang(), { timeZone: HERE, ...parts }).format(moment)
  const time = moment => format(moment, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const date = moment => format(moment, { weekday: "long", day: "numeric", month: "long" })
  const dayName = (moment, now) => moment - now < 6 * DAY ? format(moment, { weekday: "long" }) : date(moment)
  const isToday = (moment, now) => wallOf(moment, HERE).day === wallOf(now, HERE).day
  const say = (key, values) => data.words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "")

  // "Open now, closes at 18:00." in the customer's time.
  function status(way, now) {
    const today = wallOf(now, data.zone).day
    const found = stretches(way, later(today, -1), 60)
    const open = found.find(([from, to]) => from <= now && now < to)
    const [prefix, next, nextToday] = way.live ? ["open", "opens", "opens_today"] : ["here", "back", "back_today"]
    if (open) {
      if (open[1] - now > 7 * DAY) return say(`${prefix}_always`, {})
      const values = { time: time(open[1]), day: dayName(open[1], now) }
      return say(isToday(open[1] - MINUTE, now) ? prefix : `${prefix}_day`, values)
    }
    const opens = found.find(([from]) => from > now)
    if (!opens) return ""
    const values = { time: time(opens[0]), day: dayName(opens[0], now) }
    const why = differs(way, today)?.spans.length === 0 && way.week[weekday(today)].length ? data.days[today].why : ""
    return (why ? `${say("holiday", { why })} ` : "") + say(isToday(opens[0], now) ? nextToday : next, values)
  }

  // When a message written now will be answered at the latest, if the promise is kept.
  function answerBy(way, now) {
    if (!way.promise) return ""
    const [amount, unit] = way.promise
    const size = { minutes: MINUTE, hours: 60 * MINUTE, days: DAY }[unit]
    if (size) return sayBy(now + amount * size, now)
    const found = stretches(way, wallOf(now, data.zone).day, 120).filter(([, to]) => to > now)
    if (unit === "working_days") {
      const days = [...new Set(found.filter(([from]) => wallOf(from, data.zone).day > wallOf(now, data.zone).day)
                                    .map(([from]) => wallOf(from, data.zone).day))]
      return days[amount - 1] ? say("by_day", { day: date(momentOf(days[amount - 1], 720, data.zone)) }) : ""
    }
    let left = amount * 60 * MINUTE
    for (const [from, to] of found) {
      const begins = Math.max(from, now)
      if (to - begins >= left) return sayBy(begins + left, now)
      left -= to - begins
    }
    return ""
  }
  function sayBy(moment, now) {
    const whole = Math.ceil(moment / MINUTE) * MINUTE
    return say(isToday(whole, now) ? "by_today" : "by", { time: time(whole), day: date(whole) })
  }

  /* ---- the hours as the customer's own clock shows them ------------------------------------------------------------ */

  function element(name, className, text) {
    const made = document.createElement(name)
    if (className) made.className = className
    made.textContent = text
    return made
  }

  // The regular week, computed for the next seven days, so that both time zones use their present offset.
  function customersWeek(way, now) {
    const today = wallOf(now, HERE).day
    const days = Array.from({ length: 7 }, () => [])
    let same = true
    for (let number = -1; number < 8; number++) {
      const day = later(wallOf(now, data.zone).day, number)
      for (const [start, end] of way.week[weekday(day)]) {
        const [from, to] = [momentOf(day, start, data.zone), momentOf(day, end, data.zone)]
        if (shift(from, data.zone) !== shift(from, HERE)) same = false
        const local = wallOf(from, HERE).day
        if (local >= today && local < later(today, 7)) days[weekday(local)].push(`${time(from)}\u2013${time(to)}`)
      }
    }
    return same ? null : days.map(spans => spans.join(", ") || data.words.closed)
  }

  function asList(week) {
    const list = element("dl", "", "")
    const name = number => new Intl.DateTimeFormat(lang(), { weekday: "long", timeZone: "UTC" }).format(Date.UTC(2024, 0, number + 1))
    for (let first = 0, last = 0; first < 7; first = last + 1) {
      for (last = first; last < 6 && week[last + 1] === week[first];) last++
      const row = document.createElement("div")
      row.append(element("dt", "", first === last ? name(first) : `${name(first)}\u2013${name(last)}`), element("dd", "", week[first]))
      list.append(row)
    }
    return list
  }

  // Days of the next week that differ from the regular week, by the customer's calendar.
  function exceptions(way, now) {
    const lines = []
    for (let number = 0; number < 7; number++) {
      const day = later(wallOf(now, data.zone).day, number)
      const found = differs(way, day)
      if (!found || (!found.spans.length && !way.week[weekday(day)].length)) continue
      const spans = found.spans.map(([start, end]) => `${time(momentOf(day, start, data.zone))}\u2013${time(momentOf(day, end, data.zone))}`)
      const what = [spans.join(", ") || data.words.closed, found.why && `(${found.why})`].filter(Boolean).join(" ")
      const begins = (found.spans[0] || way.week[weekday(day)][0])[0]
      lines.push(`${date(momentOf(day, begins, data.zone))}: ${what}`)
    }
    return lines
  }

  function tellExceptions(boxes, now) {
    const box = boxes.find(({ way }) => !way.always)
    const lines = box ? exceptions(box.way, now) : []
    const list = element("ul", "handrail-exceptions", "")
    list.append(...lines.map(line => element("li", "", line)))
    if (lines.length) document.querySelector(".handrail-ways")?.before(list)
  }

  function show(box, way, now) {
    const hint = box.querySelector(".handrail-hint")
    const ours = box.querySelector("dl")
    const week = ours && hint ? customersWeek(way, now) : null
    if (!week) return
    hint.after(element("p", "handrail-hint", say("yours", { city: cityOf(HERE) })), asList(week))
    ours.before(element("p", "handrail-hint", say("ours", { city: cityOf(data.zone) })))
    hint.remove()
  }

  function tell({ box, way }) {
    const now = Date.now()
    const today = wallOf(now, data.zone).day
    const place = box.querySelector(".handrail-status")
    if (!place) return    // hours that several channels share stand apart from them
    const expect = box.closest("handrail-expect")
    const by = expect && today <= data.until ? answerBy(way, now) : ""
    const text = today > data.until ? "" : [status(way, now), by].filter(Boolean).join(" ")
    // A moment says more than "within 4 working hours".
    const promise = expect?.querySelector(".handrail-promise")
    if (promise) promise.hidden = Boolean(by)
    if (place.textContent !== text) place.textContent = text
    place.hidden = !text
    const open = stretches(way, later(today, -1), 3).some(([from, to]) => from <= now && now < to)
    place.classList.toggle("handrail-open", open)
  }

  /* ---- a call at a chosen time: one-hour slots on the next five open days ------------------------------------------- */

  const HOUR = 60 * MINUTE

  function slots(way, now) {
    const found = []
    const today = wallOf(now, data.zone).day
    for (let number = 0, open = 0; number < 30 && open < 5; number++) {
      const day = later(today, number)
      if (day > data.until) break
      const hours = []
      for (const [start, end] of spansOn(way, day))
        for (let from = start; from + 30 <= end; from += 60) {
          const moments = [momentOf(day, from, data.zone), momentOf(day, Math.min(from + 60, end), data.zone)]
          if (moments[0] >= now + HOUR) hours.push(moments)
        }
      if (hours.length) open++
      found.push(...hours)
    }
    return found
  }

  const stamp = (moment, zone) => {
    const { day, minutes } = wallOf(moment, zone)
    return `${day} ${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`
  }
  // As the caller reads it: the company's time first, then the customer's if it differs.
  function slotText([from, to]) {
    const between = zone => `${stamp(from, zone)}\u2013${stamp(to, zone).slice(11)} ${zone}`
    return shift(from, HERE) === shift(from, data.zone) ? between(data.zone) : `${between(data.zone)} (${between(HERE)})`
  }

  function offerCalls(field, way) {
    const found = slots(way, Date.now())
    if (!found.length || field.tagName === "SELECT") return
    const select = document.createElement("select")
    for (const name of ["id", "name", "aria-describedby"])
      if (field.hasAttribute(name)) select.setAttribute(name, field.getAttribute(name))
    select.append(new Option(data.words.no_call, ""))
    let group = null
    for (const slot of found) {
      const label = date(slot[0])
      if (group?.label !== label) {
        group = document.createElement("optgroup")
        group.label = label
        select.append(group)
      }
      group.append(new Option(`${time(slot[0])}\u2013${time(slot[1])}`, slotText(slot)))
    }
    // The time in a draft may have passed by now; it is still what the customer chose.
    if (field.value && ![...select.options].some(option => option.value === field.value))
      select.append(new Option(field.value, field.value))
    select.value = field.value
    const hint = document.getElementById(field.getAttribute("aria-describedby"))
    if (hint) hint.textContent = say("call_hint", { city: cityOf(HERE) })
    field.replaceWith(select)
  }

  function start() {
    const element = document.getElementById("handrail-hours")
    if (!element) return
    data = JSON.parse(element.dataset.handrail)
    const boxes = [...document.querySelectorAll(".handrail-hours[data-handrail-way]")]
      .map(box => ({ box, way: data.ways[box.dataset.handrailWay] })).filter(({ way }) => way)
    for (const { box, way } of boxes) show(box, way, Date.now())
    boxes.forEach(tell)
    tellExceptions(boxes, Date.now())
    const field = document.getElementById("handrail-callback")
    if (field && data.ways[data.callback]) offerCalls(field, data.ways[data.callback])
    const clock = setInterval(() => {
      if (!element.isConnected) return clearInterval(clock)
      boxes.forEach(tell)
    }, 20000)
  }

  // A browser that does not know the company's time zone shows the page as it is without this script.
  try { start() } catch (error) { console.warn("handrail: hours are shown as they were built", error) }
})()
