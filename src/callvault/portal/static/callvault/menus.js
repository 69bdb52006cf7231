// Menus (disclosures that float), dialogs and toasts.
import { onKeys } from "./keys.js";

const TOAST_MS = 6000;

export function startMenus() {
  document.addEventListener("click", (event) => {
    closeMenus(event.target);
    const opener = event.target.closest("[data-cv-dialog]");
    if (opener) openDialog(opener.dataset.cvDialog);
    const closer = event.target.closest("[data-cv-close]");
    if (closer) closeAround(closer);
    const copier = event.target.closest("[data-cv-copy-from]");
    if (copier) copy(copier);
  });
  document.addEventListener("keydown", closeMenuOnEscape);
  document.addEventListener("copy", copyPhoneNumber);
  document.querySelectorAll("dialog").forEach(closeOnBackdrop);
  document.querySelectorAll("[data-cv-toast]").forEach(fadeLater);
  showCurrentSetting();
  onKeys({
    "?": () => openDialog("cv-keys"),
    "/": focusSearch,
    Escape: goBack,
  });
}

export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (!dialog || dialog.open) return false;
  closeMenus(document.body);
  dialog.showModal();
  return true;
}

function closeMenus(target) {
  for (const menu of document.querySelectorAll("details[data-cv-menu][open]")) {
    if (!menu.contains(target)) menu.open = false;
  }
}

function closeMenuOnEscape(event) {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details[data-cv-menu][open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
  event.preventDefault();
}

function closeAround(control) {
  const dialog = control.closest("dialog");
  if (dialog) dialog.close();
  else control.closest("[data-cv-toast]")?.remove();
}

function closeOnBackdrop(dialog) {
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
}

// On a phone the menu of the settings is a line that scrolls: the page that is open is in sight.
function showCurrentSetting() {
  const menu = document.querySelector(".cv-settings__menu");
  const current = menu?.querySelector("[aria-current]");
  if (!current) return;
  const [around, own] = [menu.getBoundingClientRect(), current.getBoundingClientRect()];
  menu.scrollLeft += own.left - around.left - (around.width - own.width) / 2;
}

// A toast leaves after a while, unless someone looks at it or has the focus in it.
function fadeLater(toast) {
  let timer;
  const leave = () => {
    timer = setTimeout(() => toast.remove(), TOAST_MS);
  };
  const stay = () => clearTimeout(timer);
  toast.addEventListener("mouseenter", stay);
  toast.addEventListener("mouseleave", leave);
  toast.addEventListener("focusin", stay);
  toast.addEventListener("focusout", leave);
  leave();
}

function focusSearch() {
  const field = ["[data-cv-search]", "[data-cv-find]"] // the page's own first
    .flatMap((selector) => [...document.querySelectorAll(selector)])
    .find((candidate) => candidate.offsetParent);
  if (!field) return openDialog("cv-find");
  field.focus();
  field.select();
  return true;
}

// From a page back to its list.
function goBack() {
  const link = document.querySelector("[data-cv-back]");
  link?.click();
  return Boolean(link);
}

// A number is shown with spaces and copied without them, so that it can be dialled.
function copyPhoneNumber(event) {
  const selection = document.getSelection();
  const node = selection.anchorNode;
  const shown = (node instanceof Element ? node : node?.parentElement)?.closest("[data-cv-copy]");
  if (!shown || oneSpaced(selection.toString()) !== oneSpaced(shown.textContent)) return;
  event.clipboardData.setData("text/plain", shown.dataset.cvCopy);
  event.preventDefault();
}

const oneSpaced = (text) => text.replace(/\s+/g, " ").trim(); // no-break spaces as well

async function copy(button) {
  const source = document.getElementById(button.dataset.cvCopyFrom);
  const terms = [...source.querySelectorAll("dt")];
  const valueOf = (term) => term.nextElementSibling.textContent.trim();
  const lines = terms.map((term) => `${term.textContent.trim()}: ${valueOf(term)}`);
  // One fact alone, such as a token, is pasted into a program: without its name.
  await navigator.clipboard.writeText(terms.length === 1 ? valueOf(terms[0]) : lines.join("\n"));
  showToast(button.dataset.cvCopied);
}

export function showToast(text) {
  const toast = document.createElement("div");
  toast.className = "cv-toast";
  toast.dataset.cvToast = "";
  toast.textContent = text;
  document.getElementById("cv-toasts")?.append(toast);
  fadeLater(toast);
}
