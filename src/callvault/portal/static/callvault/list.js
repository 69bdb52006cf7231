// Lists: a current row moved by keys, opened by Enter or double click, played in place.
import { onKeys } from "./keys.js";
import { act, clearSelection, extendTo, isAnySelected, toggleRow } from "./selection.js";

const rows = () => [...document.querySelectorAll("[data-cv-row]")];
const current = () => document.querySelector("[data-cv-row][data-cv-current]");
const audio = new Audio();
let playing = null;

export function startList() {
  if (!document.querySelector(".cv-region, [data-cv-row]")) return; // htmx may bring rows later
  audio.preload = "none";
  audio.addEventListener("ended", stop);
  audio.addEventListener("error", playbackFailed);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cv-play]");
    if (button) toggle(button);
    const row = event.target.closest("[data-cv-row]");
    if (row) makeCurrent(row);
    if (row && event.target.closest("a")) remember(row); // Enter on a name is a click, too
  });
  document.addEventListener("dblclick", (event) => {
    const row = event.target.closest("[data-cv-row]");
    if (row && !event.target.closest("a, button, input, summary")) open(row);
  });
  onKeys({
    ArrowDown: (event) => move(1, event.shiftKey),
    j: () => move(1),
    ArrowUp: (event) => move(-1, event.shiftKey),
    k: () => move(-1),
    Enter: () => open(current()),
    " ": () => toggle(current()?.querySelector("[data-cv-play]")),
    "[": () => follow("[data-cv-newer]"),
    "]": () => follow("[data-cv-older]"),
    f: () => openMenu("[data-cv-add-filter]", "input, select"),
    s: () => openMenu("[data-cv-searches]", "a, button"),
    x: () => toggleRow(current()),
    p: () => act("preserve", current()),
    n: () => act("note", current()),
    d: () => (isAnySelected() ? act("zip", current()) : download(current())),
    Delete: () => act("delete", current()),
    Escape: () => clearSelection() || makeCurrent(null),
  });
  returnToRow();
}

function makeCurrent(row) {
  const before = current();
  if (before === row) return;
  before?.removeAttribute("data-cv-current");
  row?.setAttribute("data-cv-current", "");
}

function move(step, extending = false) {
  const all = rows();
  const before = current();
  const at = all.indexOf(before);
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step];
  if (!next) return;
  makeCurrent(next);
  if (extending) extendTo(before, next);
  next.scrollIntoView({ block: "nearest" });
  // The focus follows, on what the row is called by, so that a screen reader says where one is.
  (next.querySelector("a.cv-name") ?? next.querySelector("a, button"))?.focus({ preventScroll: true });
}

function open(row) {
  if (!row?.dataset.cvOpen) return false;
  remember(row);
  location.assign(row.dataset.cvOpen);
  return true;
}

function remember(row) {
  sessionStorage.setItem("cv-row", row.dataset.cvOpen ?? "");
}

// Back from a recording (Esc, or the browser's back), the same row is current again.
function returnToRow() {
  const last = sessionStorage.getItem("cv-row");
  const row = rows().find((candidate) => candidate.dataset.cvOpen === last);
  if (!row) return;
  makeCurrent(row);
  row.scrollIntoView({ block: "nearest" });
}

function download(row) {
  if (!row?.dataset.cvDownloadUrl) return false;
  location.assign(row.dataset.cvDownloadUrl);
  return true;
}

function follow(selector) {
  const link = document.querySelector(selector);
  if (!link) return false;
  link.click();
  return true;
}

function openMenu(selector, controls) {
  const menu = document.querySelector(selector);
  if (!menu) return false;
  menu.open = true;
  menu.querySelector(controls)?.focus();
  return true;
}

function toggle(button) {
  if (!button) return false;
  if (playing === button) {
    if (audio.paused) audio.play();
    else audio.pause();
    button.setAttribute("aria-pressed", String(!audio.paused));
    return true;
  }
  stop();
  playing = button;
  button.setAttribute("aria-pressed", "true");
  audio.src = button.dataset.cvPlay;
  audio.play().catch(() => {}); // the error event tells what is wrong
  return true;
}

function stop() {
  playing?.setAttribute("aria-pressed", "false");
  playing = null;
}

// The recording's page says why it cannot be played; the list only leads there.
function playbackFailed() {
  const row = playing?.closest("[data-cv-row]");
  stop();
  if (row) open(row);
}
