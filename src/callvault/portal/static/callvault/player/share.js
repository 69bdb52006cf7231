// A link to this moment. Who opens it hears only what the gate lets that person hear.

/** The page's address with the position, and without the search the reader came from. */
export function linkTo(seconds) {
  return `${location.origin}${location.pathname}?t=${Math.floor(seconds)}`;
}

/** Put the position in the address of this page; what else stands there stays. */
export function keepInAddress(seconds) {
  const url = new URL(location.href);
  url.searchParams.set("t", String(Math.floor(seconds)));
  history.replaceState(null, "", url);
}

/** Whether the text went to the clipboard: a page without HTTPS has none. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
