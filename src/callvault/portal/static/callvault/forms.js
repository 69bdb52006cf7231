// Forms: one press sends once, errors take the focus, passwords can be shown, htmx says it is busy.

const AGAIN_AFTER_MS = 3000;
const SLOW_AFTER_MS = 1000;

export function startForms() {
  document.addEventListener("submit", guard);
  document.addEventListener("click", reveal);
  document.addEventListener("click", refuseDisabled, { capture: true });
  document.addEventListener("change", sendOnChange);
  window.addEventListener("pageshow", release);
  document.querySelector("[data-cv-focus]")?.focus();
  document.addEventListener("htmx:after:swap", keepFocus);
  document.addEventListener("htmx:error", tellUnanswered);
  document.addEventListener("htmx:response:error", tellUnanswered);
  for (const [name, busy] of [["htmx:before:request", true], ["htmx:after:request", false], ["htmx:error", false]]) {
    document.addEventListener(name, (event) => markBusy(event, busy));
  }
}

// The second press of a button whose form is on its way is ignored.
function guard(event) {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.cvSent) {
    event.preventDefault();
    return;
  }
  if (form.method !== "post") return;
  form.dataset.cvSent = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
  tellWhenSlow(form, event.submitter);
  // The answer is a file: the page stays, and is to be used again.
  if (event.submitter?.hasAttribute("data-cv-downloads")) setTimeout(release, AGAIN_AFTER_MS);
}

// What takes long says what it does, and for how long already, until the answer replaces the page.
function tellWhenSlow(form, submitter) {
  const told = submitter?.hasAttribute("data-cv-slow") && form.querySelector("[data-cv-told-slow]");
  if (!told) return;
  const began = Date.now();
  const counter = setInterval(() => {
    if (!form.dataset.cvSent) {
      clearInterval(counter);
      told.hidden = true;
      return;
    }
    told.hidden = false;
    told.querySelector("[data-cv-seconds]").textContent = Math.round((Date.now() - began) / 1000);
  }, SLOW_AFTER_MS);
}

// A page brought back from the browser's memory can be sent again.
function release() {
  for (const form of document.querySelectorAll("form[data-cv-sent]")) delete form.dataset.cvSent;
  for (const button of document.querySelectorAll("button[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
  }
}

function refuseDisabled(event) {
  if (event.target.closest("[aria-disabled=true]")) {
    event.preventDefault();
    event.stopPropagation();
  }
}

function reveal(event) {
  const button = event.target.closest(".cv-reveal");
  if (!button) return;
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const shown = field.type === "password";
  field.type = shown ? "text" : "password";
  button.setAttribute("aria-pressed", String(shown));
}

function sendOnChange(event) {
  if (event.target.matches("[data-cv-send-on-change]")) event.target.form.requestSubmit();
}

// htmx keeps the focus on a control that has an id; where that is gone, the heading takes it.
function keepFocus() {
  if (document.activeElement && document.activeElement !== document.body) return;
  const heading = document.querySelector(".cv-page-title");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
}

// No answer, or one that is no list: the list stays, and a notice says that it is not what was asked for.
function tellUnanswered(event) {
  const target = event.detail?.ctx?.target ?? event.target;
  const notice = target.closest?.(".cv-region")?.querySelector("[data-cv-unanswered]");
  if (notice) notice.hidden = false;
}

function markBusy(event, busy) {
  const target = event.detail?.ctx?.target ?? event.target;
  const region = target.closest?.(".cv-region");
  if (busy) region?.setAttribute("aria-busy", "true");
  else region?.removeAttribute("aria-busy");
}
