// The next recording of the search and the one before, by key; at an end it is said.
import { onKeys } from "./keys.js";
import { showToast } from "./menus.js";

export function startNeighbours() {
  const place = document.querySelector("[data-cv-neighbours]");
  if (!place) return;
  keepSearch(place.dataset.cvIn);
  const go = (name) => () => {
    const link = place.querySelector(`[data-cv-neighbour=${name}]`);
    if (link?.href) link.click();
    else showToast(place.dataset[name === "next" ? "cvLast" : "cvFirst"]);
  };
  onKeys({ j: go("next"), k: go("previous") });
  place.dataset.cvReady = "yes";
}

// The search came with the list's address, which another reload or a saved note would forget.
function keepSearch(carried) {
  const url = new URL(location.href);
  if (!carried || url.searchParams.has("in")) return;
  url.searchParams.set("in", carried);
  history.replaceState(history.state, "", url);
}
