// Notes on the recording's page: written at a moment of the call, and found again there.
import { onKeys } from "./keys.js";
import { clock } from "./player/words.js";

export function startNotes() {
  const fold = document.querySelector("[data-cv-new-note]");
  document.addEventListener("click", toMoment);
  onKeys({
    n: () => write(fold),
    p: () => press("[data-cv-preserve]"),
  });
  fold?.addEventListener("toggle", () => {
    if (fold.open && !fold.contains(document.activeElement?.closest("textarea"))) offerMoment(fold);
  });
}

// `N`: the note is about the moment that is being heard.
function write(fold) {
  if (!fold) return false;
  fold.open = true;
  offerMoment(fold);
  const box = part(fold, "moment").querySelector("input");
  box.checked = !part(fold, "moment").hidden;
  fold.querySelector("textarea").focus();
  return true;
}

// The position is the one that the player shows; without a player there is no moment to offer.
function offerMoment(fold) {
  const now = document.querySelector("[data-cv-player] [data-cv-part=now]");
  if (!now) return;
  const seconds = now.textContent.split(":").reduce((sum, digits) => sum * 60 + Number(digits), 0);
  part(fold, "moment-ms").value = String(seconds * 1000);
  part(fold, "moment-shown").textContent = clock(seconds);
  part(fold, "moment").hidden = false;
}

const part = (fold, name) => fold.querySelector(`[data-cv-part=${name}]`);

// A note's time does what its line on the timeline does.
function toMoment(event) {
  const link = event.target.closest(".cv-note__moment");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const line = document.querySelector(`[data-cv-timeline] [data-cv-seek="${link.dataset.cvSeek}"]`);
  if (!line) return;
  event.preventDefault();
  line.click();
}

function press(selector) {
  const button = document.querySelector(selector);
  if (!button || button.getAttribute("aria-disabled") === "true") return false;
  button.click();
  return true;
}
