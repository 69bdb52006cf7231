"""Keys that Genesys hands over inside a SIP URI: `sip:record@h;calluuid=007K1;dn=1001`."""

import re

_PARAMETER = re.compile(r"[;?&]([\w-]{1,32})=([^;?&>\s]{1,200})")
MAX_KEYS = 32


def keys_in_uri(text: str) -> dict[str, str]:
    """Return the parameters of a URI, names in lower case; the first of equal ones counts."""
    found: dict[str, str] = {}
    for match in _PARAMETER.finditer(text[:4096]):
        if len(found) < MAX_KEYS:
            found.setdefault(match[1].lower(), match[2])
    return found
