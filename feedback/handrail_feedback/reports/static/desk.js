// Keys for lists and topics, and links to articles in an answer. Everything can be done without this script.
// It is loaded before anything can be seen, so that no key is lost; what a key does waits for the whole page.
"use strict";

(() => {
  const OFF = "handrail.desk.keys-off";
  const PLACE = "handrail.desk.place";
  const help = () => document.querySelector(".desk-keys");
  const rows = () => [...document.querySelectorAll("[data-queue] tbody tr")];
  const place = () => rows().findIndex((row) => row.contains(document.activeElement));
  const link = (row) => row.querySelector("th a");
  const whole = new Promise((arrived) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", arrived);
    else arrived();
  });

  const isOff = () => {
    try { return localStorage.getItem(OFF) === "1"; } catch { return false; }
  };

  const follow = (rel) => document.querySelector(`main a[rel=${rel}]`)?.click();

  const step = (by) => {
    const [all, at] = [rows(), place()];
    const row = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
    if (row) link(row).focus();
    else follow(by > 0 ? "next" : "prev");
  };

  const press = (key) => {
    const button = document.querySelector(`main button[data-key="${key}"]`);
    if (!button) return;
    try { if (place() >= 0) sessionStorage.setItem(PLACE, place()); } catch { /* The list begins at its first row. */ }
    button.click();
  };

  // After a deed in a list, the focus is on the row that has taken the place of the one that was meant.
  const comeBack = () => {
    try {
      const at = sessionStorage.getItem(PLACE);
      sessionStorage.removeItem(PLACE);
      const row = at && (rows()[at] ?? rows().at(-1));
      if (row) link(row).focus();
    } catch { /* Storage is blocked. */ }
  };

  const boxOf = (row) => row?.querySelector("input[type=checkbox]");

  const decide = (key) => {
    // In the list, the topic in focus is meant where none is chosen.
    if (rows().length && !rows().some((row) => row.querySelector("input:checked"))) {
      const box = boxOf(rows()[place()]);
      if (!box) return;
      box.checked = true;
    }
    press(key);
  };

  const acts = new Map(Object.entries({
    j: () => step(1),
    k: () => step(-1),
    o: () => { const row = rows()[Math.max(place(), 0)]; if (row) link(row).click(); },
    x: () => boxOf(rows()[place()])?.click(),
    u: () => press("u"),
    "?": () => help()?.showModal(),
  }));
  for (const key of "12345") acts.set(key, () => decide(key));

  // What is pressed after a deed is meant for the page that follows.
  let leaving = false;
  document.addEventListener("submit", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = false; // the browser has stopped on its way
    const typing = document.activeElement?.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing || help()?.open) return;
    if (isOff() && event.key !== "?") return;
    const act = acts.get(event.key);
    if (!act) return;
    event.preventDefault();
    // A key that is held down moves on through a list, and decides nothing.
    if (!event.repeat || "jk".includes(event.key)) whole.then(() => { if (!leaving) act(); });
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

  whole.then(() => {
    comeBack();
    const off = help()?.querySelector(".desk-keys-off");
    if (!off) return;
    off.checked = isOff();
    off.addEventListener("change", () => {
      try { localStorage.setItem(OFF, off.checked ? "1" : "0"); } catch { /* Then keys stay on. */ }
    });
  });
})();
