// Where both channels are silent for long. Pure: peaks in, spans in seconds out.

const SILENT_BELOW = 0.02; // of full scale, -34 dBFS: comfort noise and a quiet line lie under it
const LONGER_THAN_S = 2;
const LEAD_IN_S = 0.3; // of silence left before speech, so that no first sound is cut

/** Return [{start, end}] of silence of both channels, each to be left at its end. */
export function silentSpans(channels, peaksPerSecond) {
  const length = Math.max(...channels.map((channel) => channel.length));
  const spans = [];
  let start = null;
  for (let at = 0; at <= length; at += 1) {
    const silent = at < length && channels.every((channel) => (channel[at] ?? 0) < SILENT_BELOW);
    if (silent && start === null) start = at;
    if (silent || start === null) continue;
    if ((at - start) / peaksPerSecond > LONGER_THAN_S) {
      spans.push({ start: start / peaksPerSecond, end: at / peaksPerSecond - LEAD_IN_S });
    }
    start = null;
  }
  return spans;
}

/** Return the span that a playhead has just entered, or undefined. */
export function spanAt(spans, now) {
  return spans.find((span) => now >= span.start + LEAD_IN_S && now < span.end);
}
