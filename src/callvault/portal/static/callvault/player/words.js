// Durations in words, as the server writes them (portal.wording).

const pad = (number) => String(number).padStart(2, "0");

/** 0:07, 6:12, 1:02:33: cut to seconds. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes}:${pad(whole % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(whole % 60)}`;
}

/** 49 s, 2 min 47 s, 1 h 2 min: what a screen reader says of a slider. */
export function spoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  while (parts.length > 1 && !parts[0][0]) parts.shift();
  return parts.slice(0, 2).map(([amount, unit]) => `${amount} ${unit}`).join(" ");
}
