// What a listener sets once and expects to find again, kept in this browser.

const KEY = "cv-player";
const DEFAULTS = { speed: 1, owner: 100, remote: 100, skip: false };

export function loadPreferences() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(KEY)) };
  } catch {
    return { ...DEFAULTS };
  }
}

export function savePreferences(preferences) {
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // A browser that keeps nothing still plays.
  }
}
