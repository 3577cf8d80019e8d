// Comfort only: every page works without this file. One key decides, moves or shows the words; nothing is fetched.
"use strict";

const typing = (element) => element.isContentEditable
  || element.matches("textarea, select, input:not([type=checkbox], [type=radio])");

const press = (selector) => {
  const found = document.querySelector(selector);
  if (found && found.getAttribute("aria-disabled") !== "true") { found.click(); }
};

const keys = {
  c: () => press("#decide [data-key=c]"),
  r: () => press("#decide [data-key=r]"),
  u: () => press("#decide [data-key=u]"),
  z: () => press("#undo button"),
  s: () => press("[data-key=s]"),
  n: () => press(".bar-top a[rel=next]"),
  p: () => press(".bar-top a[rel=prev]"),
  v: () => {
    const words = document.getElementById("reveal");
    if (words) { words.open = !words.open; }
  },
  j: () => {
    const note = document.getElementById("note");
    if (note) { note.focus(); }
  },
};

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) { event.target.blur(); return; }
  if (document.body.dataset.keys !== "on" || event.ctrlKey || event.metaKey || event.altKey || event.repeat) { return; }
  if (typing(event.target)) { return; }
  const act = keys[event.key.toLowerCase()];
  if (act) { event.preventDefault(); act(); }
});

// The menu closes where one looks elsewhere; without this it closes by its own button.
const menu = document.querySelector("details.menu");
if (menu) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) { menu.open = false; } });
  document.addEventListener("focusin", (event) => { if (!menu.contains(event.target)) { menu.open = false; } });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}

// A second click on a verdict while the first is under way sends nothing.
for (const form of document.querySelectorAll("form[method=post]")) {
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) { event.preventDefault(); }
    sent = true;
  });
}
// Coming back with the browser's own button shows the page as it was, with its forms ready again.
window.addEventListener("pageshow", (event) => { if (event.persisted) { window.location.reload(); } });
