// Rows that are selected in the list, and the bar of what can be done to them.
import { spoken } from "./player/words.js";

const UNITS = ["B", "kB", "MB", "GB", "TB"];
const boxes = () => [...document.querySelectorAll("[data-cv-select]")];
const chosen = () => boxes().filter((box) => box.checked);
const bar = () => document.querySelector("[data-cv-bulk]");
let last = null; // where a range begins

export function startSelection() {
  document.addEventListener("click", pressed);
  document.addEventListener("change", changed);
  document.addEventListener("htmx:after:swap", show);
  window.addEventListener("pageshow", show);
}

/** Select a row, or no longer. */
export function toggleRow(row) {
  const box = row?.querySelector("[data-cv-select]");
  if (!box) return false;
  box.checked = !box.checked;
  last = box;
  show();
  return true;
}

/** Select a row and what one comes to from it. */
export function extendTo(from, to) {
  for (const row of [from, to]) {
    const box = row?.querySelector("[data-cv-select]");
    if (box) box.checked = true;
  }
  last = to?.querySelector("[data-cv-select]") ?? last;
  show();
}

/** Select nothing; whether anything was selected. */
export function clearSelection() {
  const before = chosen();
  for (const box of before) box.checked = false;
  show();
  return before.length > 0;
}

export const isAnySelected = () => chosen().length > 0;

/** Do something to what is selected, else to the current row. */
export function act(deed, current) {
  const button = bar()?.querySelector(`[data-cv-deed=${deed}]:not([hidden])`);
  if (!button) return false; // not this person's right, or not of this list
  if (!chosen().length && !toggleRow(current)) return false;
  if (current) sessionStorage.setItem("cv-row", current.dataset.cvOpen);
  bar().requestSubmit(button);
  return true;
}

function pressed(event) {
  const box = event.target.closest("[data-cv-select]");
  if (box && event.shiftKey && last) selectRange(last, box);
  if (box) last = box;
  if (event.target.closest("[data-cv-deselect]")) clearSelection();
  const mode = event.target.closest("[data-cv-selecting]");
  if (mode) switchMode(mode);
}

function selectRange(from, to) {
  const all = boxes();
  const [first, end] = [all.indexOf(from), all.indexOf(to)].sort((a, b) => a - b);
  if (first < 0) return;
  for (const box of all.slice(first, end + 1)) box.checked = to.checked;
  show();
}

function changed(event) {
  if (event.target.matches("[data-cv-select-all]")) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  if (event.target.matches("[data-cv-select-all], [data-cv-select]")) show();
}

// On a phone the boxes come when they are asked for.
function switchMode(button) {
  const on = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(on));
  button.closest(".cv-region").classList.toggle("cv-region--selecting", on);
  if (!on) clearSelection();
}

function show() {
  const now = chosen();
  for (const box of boxes()) {
    const row = box.closest("[data-cv-row]");
    if (box.checked) row.setAttribute("aria-selected", "true");
    else row.removeAttribute("aria-selected");
  }
  showHead(now.length);
  showBar(now);
}

function showHead(count) {
  const head = document.querySelector("[data-cv-select-all]");
  if (!head) return;
  head.checked = count > 0 && count === boxes().length;
  head.indeterminate = count > 0 && !head.checked;
}

function showBar(now) {
  const form = bar();
  if (!form) return;
  form.hidden = now.length === 0;
  if (form.hidden) return;
  form.querySelector("[data-cv-part=count]").textContent = form.dataset.cvSelected.replace("{count}", String(now.length));
  showWhatIsSelected(form, now);
}

// How long and how large it is: of recordings, not of people.
function showWhatIsSelected(form, now) {
  const amount = form.querySelector("[data-cv-part=amount]");
  if (!amount) return;
  const sum = (name) => now.reduce((total, box) => total + Number(box.dataset[name]), 0);
  amount.textContent = `${spoken(sum("cvMs") / 1000)}, ${size(sum("cvBytes"))}`;
  const preserved = now.filter((box) => box.closest("[data-cv-row]").hasAttribute("data-cv-preserved"));
  form.querySelector("[data-cv-deed=release]").hidden = preserved.length === 0;
}

function size(bytes) {
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), UNITS.length - 1);
  const amount = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: power > 1 ? 1 : 0 });
  return `${amount.format(bytes / 1000 ** power)}\u00a0${UNITS[power]}`;
}
