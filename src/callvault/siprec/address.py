"""Addresses of record as SRCs write them, taken apart: user and host.

Seen: bare numbers, `tel:` URIs, a port, `user=phone`, blanks, a whole name-addr inside the
attribute, no host. A SIP address is never read as an e-mail address.
"""

import re
from urllib.parse import unquote

from callvault.memo import remembered

_BRACKETED = re.compile(r"<([^<>]*)>")
_SCHEME = re.compile(r"^(sips?|tel)\s*:", re.IGNORECASE)


@remembered(2048)
def user_and_host(aor: str) -> tuple[str, str]:
    """Return (user, host), unescaped and trimmed; both may be empty."""
    bracketed = _BRACKETED.search(aor)
    text = (bracketed[1] if bracketed else aor).strip()
    text = _SCHEME.sub("", text).strip().partition("?")[0]
    user, at, rest = text.rpartition("@")
    if not at:
        # "sip:192.0.2.1" is a host, "1001" and "tel:+15550100" are users.
        user, rest = (text, "") if not _looks_like_host(text) else ("", text)
    # Parameters and a password belong to neither.
    user = unquote(user.partition(";")[0].partition(":")[0]).strip()
    return user, _host(rest)


def display_name(aor: str) -> str:
    """Return the display name of a name-addr, or empty."""
    before = aor.partition("<")[0].strip() if "<" in aor else ""
    return before.strip('"').strip()


def _looks_like_host(text: str) -> bool:
    host = _host(text)
    return host.startswith("[") or (host.count(".") > 0 and not host.startswith("+"))


def _host(text: str) -> str:
    text = text.partition(";")[0].strip()
    if text.startswith("["):
        return text.partition("]")[0] + "]"
    return text.partition(":")[0].strip().lower()
