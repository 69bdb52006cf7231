// The waveform: two strips from the server's peaks, regions over both, a ruler below.
import WaveSurfer from "../../vendor/wavesurfer.esm.js";
import RegionsPlugin from "../../vendor/wavesurfer-regions.esm.js";
import TimelinePlugin from "../../vendor/wavesurfer-timeline.esm.js";
import { clock } from "./words.js";

const PHONE = matchMedia("(max-width: 600px)");
const DARK = matchMedia("(prefers-color-scheme: dark)");
const RULER_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
const LABEL_ROOM_PX = 50; // from one label of the ruler to the next, at least

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const stripHeight = () => (PHONE.matches ? 64 : 84);
const strips = () => [
  { waveColor: token("--cv-wave-owner"), progressColor: token("--cv-wave-owner-played") },
  { waveColor: token("--cv-wave-remote"), progressColor: token("--cv-wave-remote-played") },
];

/** Draw into `container`; the sound is `audio`, which fetches ranges as it needs them. */
export function drawWave(container, audio, data, peaks) {
  const regions = RegionsPlugin.create();
  const duration = data.durationMs / 1000;
  const step = rulerStep(container.clientWidth, duration);
  const ruler = TimelinePlugin.create({
    height: 26,
    timeInterval: step / 2,
    primaryLabelInterval: step,
    secondaryLabelInterval: duration + step, // none
    secondaryLabelOpacity: 1,
    formatTimeCallback: (at) => (duration - at < step / 2 ? "" : clock(at)), // no room at the end
    style: { fontSize: "11px", color: "inherit" },
  });
  const wave = WaveSurfer.create({
    container,
    media: audio,
    url: audio.src,
    peaks: peaks.channels,
    duration,
    splitChannels: strips(),
    normalize: false,
    height: stripHeight(),
    barWidth: 2,
    barGap: 1,
    barMinHeight: 2,
    cursorWidth: 2,
    cursorColor: token("--cv-text"),
    cspNonce: document.querySelector("script[nonce]")?.nonce,
    plugins: [regions, ruler],
  });
  wave.once("ready", () => {
    data.regions.forEach((region, index) => addRegion(regions, region, index));
    data.markers.forEach((marker, index) => addMarker(regions, marker, index));
  });
  wave.on("redrawcomplete", () => arrangeLabels(container));
  const repaint = () => wave.setOptions({ splitChannels: strips(), cursorColor: token("--cv-text"), height: stripHeight() });
  DARK.addEventListener("change", repaint);
  PHONE.addEventListener("change", repaint);
  return { wave, regions };
}

function rulerStep(width, duration) {
  return RULER_STEPS_S.find((step) => (width * step) / duration >= LABEL_ROOM_PX) ?? 3600;
}

function addRegion(regions, { startMs, endMs, kind, label }, index) {
  const look = kind === "lost" ? "cv-lost" : "cv-hatched";
  regions.addRegion({
    id: `${look} cv-region-${index}`, // becomes the element's parts, which the sheet styles
    start: startMs / 1000,
    end: endMs / 1000,
    content: labelOf(label),
    color: "transparent",
    drag: false,
    resize: false,
  });
}

// An event without a length: a tick that leads to its moment.
function addMarker(regions, { atMs, kind, title }, index) {
  const marker = regions.addRegion({
    id: `cv-marker cv-marker--${kind} cv-marker-${index}`,
    start: atMs / 1000,
    color: "transparent",
    drag: false,
    resize: false,
  });
  marker.element.title = title;
}

// The list of events is the accessible form of the regions; their labels are for the eye.
function labelOf(text) {
  const label = document.createElement("div");
  label.textContent = text;
  label.title = text;
  label.dataset.full = text;
  label.setAttribute("aria-hidden", "true");
  return label;
}

// A label may stand out of its region to the right, but neither over the next one nor out of the
// strips: then it is cut to its first word, then to a dot with the text as tooltip.
function arrangeLabels(container) {
  const root = container.firstElementChild?.shadowRoot;
  if (!root) return;
  const labels = [...root.querySelectorAll("[part~=region-content]")];
  const edge = root.querySelector("[part~=regions-container]")?.getBoundingClientRect().right ?? Infinity;
  const starts = labels.map((label) => label.parentElement.getBoundingClientRect().left);
  labels.forEach((label, index) => {
    const room = Math.min(edge, ...starts.filter((start) => start > starts[index])) - starts[index] - 6;
    const { full } = label.dataset;
    for (const text of PHONE.matches ? [full.split(" ")[0], "•"] : [full, full.split(" ")[0], "•"]) {
      label.textContent = text;
      if (label.getBoundingClientRect().width <= room) break;
    }
  });
}
