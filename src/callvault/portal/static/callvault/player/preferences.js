// What a listener sets once and expects to find again, kept in this browser: one set for each
// person, since several may share it.

const keyOf = (reader) => `cv-player-${reader}`;
const DEFAULTS = { speed: 1, owner: 100, remote: 100, skip: false };

export function loadPreferences(reader) {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(keyOf(reader))) };
  } catch {
    return { ...DEFAULTS };
  }
}

export function savePreferences(reader, preferences) {
  try {
    localStorage.setItem(keyOf(reader), JSON.stringify(preferences));
  } catch {
    // A browser that keeps nothing still plays.
  }
}
