// Single-key shortcuts: never while a field has the focus, a dialog is open or a modifier is held.

const FIELDS = "input:not([type=range]):not([type=checkbox]), select, textarea, [contenteditable]";
const OWN_KEYS = {
  " ": "button, summary, input",
  Enter: "a, button, summary, input",
  ArrowLeft: "input, select",
  ArrowRight: "input, select",
};

/** Whether a key press belongs to the page and not to the control that has the focus. */
export function belongsToPage(event) {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return false;
  if (document.querySelector("dialog[open]")) return false;
  if (event.target.closest(FIELDS)) return false;
  if (isSingle(event.key) && document.body.dataset.cvSingleKeys === "off") return false;
  const own = OWN_KEYS[event.key];
  return !(own && event.target.closest(own));
}

// A letter, digit or sign; the space bar and named keys are none (WCAG 2.1.4).
const isSingle = (key) => key.length === 1 && key !== " ";

/** Call `keys[event.key]` for each press that belongs to the page. */
export function onKeys(keys) {
  document.addEventListener("keydown", (event) => {
    const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = keys[name];
    if (!act || !belongsToPage(event)) return;
    if (act(event) !== false) event.preventDefault();
  });
}
