// The list of events: follows the playhead, and each of its times is a link to that moment.
import { keepInAddress } from "./share.js";

export function followTimeline(list, seek) {
  const items = [...(list?.querySelectorAll("[data-cv-at]") ?? [])];
  list?.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-cv-seek]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const at = Number(link.dataset.cvSeek) / 1000;
    keepInAddress(at);
    seek(at);
  });
  return (seconds) => {
    const reached = items.filter((item) => Number(item.dataset.cvAt) / 1000 <= seconds + 0.05);
    const now = reached.at(-1);
    for (const item of items) {
      if (item === now) item.setAttribute("aria-current", "true");
      else item.removeAttribute("aria-current");
    }
  };
}
