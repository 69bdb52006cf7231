// Listening to a call in progress: asks for what was said, a moment at a time, and plays it.

const RATE = 8000;
const EVERY_MS = 300;
const AHEAD_S = 0.15; // of what plays, so that a late answer leaves no gap
const MOST_AHEAD_S = 0.8; // what comes in a heap is left out, to stay close to the call
const TROUBLES = 5; // answers that failed in a row

const bar = document.querySelector("[data-cv-listening]");
let now = null; // what is listened to

/** Let each button begin and end listening, also those that come later. */
export function startListening() {
  if (!bar) return;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-cv-listen]");
    if (button) toggle(button);
    if (event.target.closest("[data-cv-unlisten]")) stop("stopped");
  });
  document.addEventListener("htmx:afterSettle", showPressed);
  window.addEventListener("pagehide", () => stop("stopped"));
}

async function toggle(button) {
  const url = button.dataset.cvListen;
  const was = now?.url;
  stop("stopped");
  if (was === url) return;
  // In the press itself: browsers let no page make sound by itself.
  const call = { url, sound: newSound(), next: 0, token: null };
  now = call;
  show("waiting", button.dataset.cvName);
  const answer = await post(url, {});
  const said = answer && (await answer.json().catch(() => null));
  if (said?.listening) call.token = said.listening;
  if (now !== call) {
    if (call.token) leave(call); // stopped meanwhile
  } else if (call.token) {
    look(call);
  } else {
    stop("trouble", said?.trouble);
  }
}

async function look(call) {
  let troubles = 0;
  while (now === call) {
    const began = performance.now();
    const answer = await fetch(bar.dataset.cvHeard, { headers: { "Callvault-Listening": call.token }, redirect: "manual" }).catch(() => null);
    if (now !== call) return;
    if (answer?.status === 410) return stop("over");
    if (answer?.status === 200) {
      troubles = 0;
      const pcm = await answer.arrayBuffer();
      if (now !== call) return;
      show(answer.headers.get("Callvault-Heard"));
      play(call, new DataView(pcm));
    } else if (++troubles === TROUBLES) {
      return stop("trouble");
    }
    await new Promise((done) => setTimeout(done, Math.max(EVERY_MS - (performance.now() - began), 50)));
  }
}

function play(call, pcm) {
  const count = Math.floor(pcm.byteLength / 4);
  const { sound } = call;
  if (!count) return;
  const buffer = sound.createBuffer(2, count, RATE);
  for (const side of [0, 1]) {
    const samples = buffer.getChannelData(side);
    let peak = 0;
    for (let n = 0; n < count; n++) {
      samples[n] = pcm.getInt16(4 * n + 2 * side, true) / 32768;
      peak = Math.max(peak, Math.abs(samples[n]));
    }
    showLevel(side, peak);
  }
  if (call.next - sound.currentTime > MOST_AHEAD_S) return;
  if (call.next < sound.currentTime) call.next = sound.currentTime + AHEAD_S;
  const source = sound.createBufferSource();
  source.buffer = buffer;
  source.connect(sound.destination);
  source.start(call.next);
  call.next += buffer.duration;
}

function stop(why, text) {
  const call = now;
  if (!call) return;
  now = null;
  call.sound.close();
  if (call.token) leave(call);
  show(why, undefined, text);
}

/** Say that nobody listens any more; also as the page goes away. */
function leave(call) {
  post(bar.dataset.cvLeave, { listening: call.token });
}

function post(url, fields) {
  const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: bar.dataset.cvCsrf });
  return fetch(url, { method: "POST", body, keepalive: true, redirect: "manual" }).catch(() => null);
}

function newSound() {
  try {
    return new AudioContext({ sampleRate: RATE }); // whole pieces join without a click
  } catch {
    return new AudioContext();
  }
}

function show(what, name, text) {
  bar.hidden = what === "stopped";
  if (name !== undefined) bar.querySelector("[data-cv-listening-name]").textContent = name;
  const said = text ?? bar.querySelector(`[data-cv-says="${what}"]`)?.textContent ?? "";
  const state = bar.querySelector("[data-cv-listening-state]");
  if (state.textContent !== said) state.textContent = said;
  bar.querySelector("[data-cv-unlisten]").hidden = !now;
  if (!now) [0, 1].forEach((side) => showLevel(side, 0));
  showPressed();
}

function showLevel(side, peak) {
  const level = Math.round(Math.min(Math.max(60 + 20 * Math.log10(peak || 1e-9), 0), 60));
  const meter = bar.querySelectorAll(".cv-meter")[side];
  meter.setAttribute("aria-valuenow", level);
  meter.firstElementChild.setAttribute("width", level);
}

function showPressed() {
  for (const one of document.querySelectorAll("[data-cv-listen]")) {
    one.setAttribute("aria-pressed", String(one.dataset.cvListen === now?.url));
  }
}

startListening();
