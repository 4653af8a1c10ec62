// Keys for lists and topics, and links to articles in an answer. Everything can be done without this script.
"use strict";

(() => {
  const OFF = "handrail.desk.keys-off";
  const help = document.querySelector(".desk-keys");
  const rows = [...document.querySelectorAll("[data-queue] tbody tr")];
  const link = (row) => row.querySelector("th a");

  const isOff = () => {
    try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
  };

  const step = (by) => {
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : at + by];
    if (row) link(row).focus();
    else follow(by > 0 ? "next" : "prev");
  };

  const follow = (rel) => document.querySelector(`main a[rel=${rel}]`)?.click();
  const press = (key) => document.querySelector(`main button[data-key="${key}"]`)?.click();
  const focused = () => rows.find((row) => row.contains(document.activeElement));

  const decide = (key) => {
    // In the list, the topic in focus is meant where none is chosen.
    if (rows.length && !rows.some((row) => row.querySelector("input:checked"))) {
      const box = focused()?.querySelector("input[type=checkbox]");
      if (!box) return;
      box.checked = true;
    }
    press(key);
  };

  const acts = {
    j: () => (rows.length ? step(1) : follow("next")),
    k: () => (rows.length ? step(-1) : follow("prev")),
    o: () => { const row = focused() ?? rows[0]; if (row) link(row).click(); },
    x: () => focused()?.querySelector("input[type=checkbox]")?.click(),
    u: () => press("u"),
    "?": () => help?.showModal(),
  };
  for (const key of "12345") acts[key] = () => decide(key);

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing || help?.open) return;
    if (isOff() && event.key !== "?") return;
    const act = acts[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // The link to an article goes where the cursor stands in the answer.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-insert]");
    const body = document.getElementById("body");
    if (!button || !body) return;
    event.preventDefault();
    const before = body.value.slice(0, body.selectionStart);
    const space = before && !/\s$/.test(before) ? " " : "";
    body.setRangeText(space + button.dataset.insert, body.selectionStart, body.selectionEnd, "end");
    body.focus();
  });

  const off = help?.querySelector(".desk-keys-off");
  if (off) {
    off.checked = isOff();
    off.addEventListener("change", () => {
      try { localStorage.setItem(OFF, off.checked ? "1" : "0"); } catch { /* Then keys stay on. */ }
    });
  }
})();
