// The player: joins sound, waveform, controls, keys and preferences.
import { onKeys } from "../keys.js";
import { showToast } from "../menus.js";
import { Channels } from "./channels.js";
import { Loop } from "./loop.js";
import { loadPreferences, savePreferences } from "./preferences.js";
import { copied, linkTo } from "./share.js";
import { silentSpans, spanAt } from "./silence.js";
import { followTimeline } from "./timeline.js";
import { drawWave } from "./wave.js";
import { clock, spoken } from "./words.js";

const ZOOMS = [1, 4, 16];
const NOTE_MS = 5000;
const LINK_NOTE_MS = 60_000; // to be marked and copied by hand
const ARRIVED_WITHIN_S = 0.5;

/** Start the player of `root` with what the server said of the recording. */
export async function startPlayer(data, root) {
  const audio = new Audio();
  audio.preload = "auto"; // the first seconds wait for the listener, not the listener for them
  audio.src = new URL(data.audioUrl, location.href).href;
  const peaks = await fetchPeaks(data.peaksUrl);
  new Player(data, root, audio, peaks ?? { peaks_per_second: 1, channels: [[0], [0]] });
}

async function fetchPeaks(url) {
  try {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    return response.ok ? await response.json() : null;
  } catch {
    return null; // sound without a picture is better than neither
  }
}

class Player {
  constructor(data, root, audio, peaks) {
    this.data = data;
    this.root = root;
    this.duration = data.durationMs / 1000;
    this.regions = data.regions.map((region) => ({ ...region, start: region.startMs / 1000, end: region.endMs / 1000 }));
    this.silences = silentSpans(peaks.channels, peaks.peaks_per_second);
    this.preferences = loadPreferences(data.reader);
    this.muted = { owner: false, remote: false };
    this.solo = null;
    this.zoom = 0;
    this.leadsTo = null;
    this.audio = audio;
    this.channels = new Channels(this.audio);
    const { wave, regions } = drawWave(this.part("wave"), this.audio, data, peaks);
    this.wave = wave;
    this.loop = new Loop(regions, this.duration, (span) => this.#showLoop(span));
    regions.on("region-clicked", (region, event) => this.#toMarker(region, event));
    this.follow = followTimeline(document.querySelector("[data-cv-timeline]"), (at) => this.seek(at));
    this.#listen();
    this.#applyPreferences();
    this.#keys();
    this.wave.once("ready", () => this.#ready());
  }

  part(name) {
    return this.root.querySelector(`[data-cv-part=${name}]`);
  }

  #ready() {
    this.root.dataset.cvReady = "yes";
    if (this.data.startAtMs) this.seek(this.data.startAtMs / 1000);
    this.#show();
  }

  #listen() {
    this.wave.on("timeupdate", () => this.#moved());
    this.wave.on("interaction", (at) => (this.leadsTo = at));
    this.audio.addEventListener("error", () => this.#failed());
    if (this.audio.error) this.#failed(); // while the waveform was fetched
    this.audio.addEventListener("seeked", () => this.#arrived());
    this.audio.addEventListener("play", () => this.#showPlaying());
    this.audio.addEventListener("pause", () => this.#showPlaying());
    const clicks = {
      play: () => this.toggle(),
      back: () => this.seek(this.now - 10),
      forward: () => this.seek(this.now + 10),
      skip: () => this.toggleSkip(),
      zoom: () => this.nextZoom(),
      loop: () => this.loop.mark(this.now),
      share: () => this.share(),
      "solo-owner": () => this.toggleSolo("owner"),
      "solo-remote": () => this.toggleSolo("remote"),
      "mute-owner": () => this.toggleMute("owner"),
      "mute-remote": () => this.toggleMute("remote"),
    };
    for (const [name, act] of Object.entries(clicks)) this.part(name)?.addEventListener("click", act);
    for (const channel of ["owner", "remote"]) {
      this.part(`volume-${channel}`).addEventListener("input", (event) => this.setVolume(channel, Number(event.target.value)));
    }
    this.part("speed").addEventListener("change", (event) => this.setSpeed(Number(event.target.value)));
    this.part("seek").addEventListener("input", (event) => this.seek(Number(event.target.value)));
  }

  #keys() {
    onKeys({
      " ": () => this.toggle(),
      ArrowLeft: (event) => this.seek(this.now - (event.shiftKey ? 30 : 5)),
      ArrowRight: (event) => this.seek(this.now + (event.shiftKey ? 30 : 5)),
      ",": () => this.stepSpeed(-1),
      ".": () => this.stepSpeed(1),
      "[": () => this.seek(this.data.eventOffsetsMs.findLast((at) => at / 1000 < this.now - 1) / 1000 || 0),
      "]": () => this.#toNextEvent(),
      1: () => this.toggleMute("owner"),
      2: () => this.toggleMute("remote"),
      3: () => this.toggleSolo("owner"),
      4: () => this.toggleSolo("remote"),
      l: () => this.loop.mark(this.now),
      c: () => this.share(),
      s: () => this.toggleSkip(),
      d: () => press("[data-cv-download]"),
    });
  }

  // A jump takes its time, the first one until the sound has come: until then the position is
  // where it leads, or a second key would start from the old place.
  get now() {
    return this.leadsTo ?? this.audio.currentTime;
  }

  #arrived() {
    if (this.leadsTo === null) return;
    const wanted = Math.min(this.leadsTo, this.audio.duration || this.leadsTo);
    if (Math.abs(this.audio.currentTime - wanted) < ARRIVED_WITHIN_S) this.leadsTo = null;
    else this.audio.currentTime = wanted; // an earlier jump came to its end: on to the last one
  }

  toggle() {
    this.channels.wake().catch(() => {});
    if (this.audio.paused) this.audio.play().catch(() => {}); // an "error" event says why
    else this.audio.pause();
  }

  seek(seconds) {
    this.leadsTo = Math.min(Math.max(seconds, 0), this.duration);
    this.wave.setTime(this.leadsTo);
    this.#show();
  }

  #toNextEvent() {
    const next = this.data.eventOffsetsMs.find((at) => at / 1000 > this.now + 0.1);
    if (next !== undefined) this.seek(next / 1000);
  }

  setSpeed(speed) {
    this.audio.playbackRate = speed;
    this.part("speed").value = String(speed);
    this.#keep({ speed });
  }

  stepSpeed(step) {
    const select = this.part("speed");
    const option = select.options[select.selectedIndex + step];
    if (option) this.setSpeed(Number(option.value));
  }

  setVolume(channel, percent) {
    this.muted[channel] = false;
    this.#keep({ [channel]: percent });
    this.#showVolume(channel);
  }

  toggleMute(channel) {
    this.muted[channel] = !this.muted[channel];
    this.#showVolume(channel);
  }

  /** Hear one party alone; again, or the other's: both as they were. */
  toggleSolo(channel) {
    this.solo = this.solo === channel ? null : channel;
    this.#showVolume("owner");
    this.#showVolume("remote");
  }

  async share() {
    const link = linkTo(this.now);
    const { cvShared, cvNotShared } = this.root.dataset;
    if (await copied(link)) showToast(cvShared.replace("{now}", clock(this.now)));
    else this.#note(`${cvNotShared} ${link}`, LINK_NOTE_MS);
  }

  toggleSkip() {
    this.#keep({ skip: !this.preferences.skip });
    this.part("skip").setAttribute("aria-pressed", String(this.preferences.skip));
  }

  nextZoom() {
    this.zoom = (this.zoom + 1) % ZOOMS.length;
    const width = this.part("wave").clientWidth;
    this.wave.zoom(this.zoom ? (width / this.duration) * ZOOMS[this.zoom] : 0);
    const last = this.zoom === ZOOMS.length - 1;
    const button = this.part("zoom");
    button.setAttribute("aria-label", last ? button.dataset.cvOut : button.dataset.cvIn);
    button.querySelector("use").setAttribute("href", `${document.documentElement.dataset.cvIcons}#zoom-${last ? "out" : "in"}`);
  }

  #keep(changed) {
    Object.assign(this.preferences, changed);
    savePreferences(this.data.reader, this.preferences);
  }

  #applyPreferences() {
    const { speed, skip } = this.preferences;
    this.setSpeed([...this.part("speed").options].some((option) => Number(option.value) === speed) ? speed : 1);
    this.part("skip").setAttribute("aria-pressed", String(skip));
    this.#showVolume("owner");
    this.#showVolume("remote");
  }

  #showVolume(channel) {
    const percent = this.preferences[channel];
    const slider = this.part(`volume-${channel}`);
    slider.value = String(percent);
    slider.style.setProperty("--cv-level", `${percent}%`);
    slider.setAttribute("aria-valuetext", `${percent}%`);
    this.part(`mute-${channel}`).setAttribute("aria-pressed", String(this.muted[channel]));
    this.part(`solo-${channel}`).setAttribute("aria-pressed", String(this.solo === channel));
    const silent = this.solo ? this.solo !== channel : this.muted[channel];
    this.channels.setLevel(channel, silent ? 0 : percent / 100);
  }

  #moved() {
    const turn = this.audio.paused || this.leadsTo !== null ? null : this.loop.turn(this.now);
    if (turn !== null) this.seek(turn);
    else if (this.preferences.skip && !this.audio.paused) this.#skipSilence();
    this.#show();
  }

  // Both silent for long: on to the next sound. A pause of the recording on the way is said aloud.
  #skipSilence() {
    const span = spanAt(this.silences, this.now);
    if (!span) return;
    const paused = this.regions.find((region) => region.kind === "pause" && region.start < span.end && region.end > this.now);
    if (paused) this.#note(`${paused.label}: ${this.root.dataset.cvSkipped}`);
    this.seek(span.end);
  }

  #show() {
    const now = this.now;
    this.part("now").textContent = clock(now);
    const slider = this.part("seek");
    slider.value = String(Math.floor(now));
    slider.setAttribute("aria-valuetext", slider.dataset.cvOf.replace("{now}", spoken(now)));
    this.follow(now);
  }

  #showPlaying() {
    const button = this.part("play");
    button.setAttribute("aria-pressed", String(!this.audio.paused));
    button.setAttribute("aria-label", this.audio.paused ? button.dataset.cvPlay : button.dataset.cvPause);
  }

  #toMarker(region, event) {
    if (!region.id.startsWith("cv-marker")) return;
    event.stopPropagation();
    this.seek(region.start);
  }

  #showLoop(span) {
    const button = this.part("loop");
    button.setAttribute("aria-pressed", String(Boolean(span)));
    const { cvLoopBegun, cvLoop, cvLoopEnded } = button.dataset;
    const said = span ? (span.end === undefined ? cvLoopBegun : cvLoop) : cvLoopEnded;
    this.#note(said.replace("{from}", clock(span?.start ?? 0)).replace("{to}", clock(span?.end ?? 0)));
  }

  #note(text, forMs = NOTE_MS) {
    const note = this.part("note");
    note.textContent = text;
    note.hidden = false;
    clearTimeout(this.noteTimer);
    this.noteTimer = setTimeout(() => (note.hidden = true), forMs);
  }

  // Why bytes stopped coming is known to the server alone.
  async #failed() {
    this.#showPlaying();
    const isChanged = await wasChanged(this.data.integrityUrl);
    this.part(isChanged ? "changed" : "failure").hidden = false;
  }
}

/** Whether the server says that the file is not what was sealed. */
async function wasChanged(url) {
  try {
    const response = await fetch(url);
    return response.status === 409 && (await response.json()).changed === true;
  } catch {
    return false; // away: it cannot be known now
  }
}

function press(selector) {
  const link = document.querySelector(selector);
  if (!link || link.getAttribute("aria-disabled") === "true") return false;
  link.click();
  return true;
}
