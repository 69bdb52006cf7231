"""Origins as people type them: scheme, host and port, in one form."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

MOST_ORIGINS = 20
_LONGEST = 253
_DEFAULT_PORTS = {"https": 443, "http": 80}


class BadOrigin(ValueError):
    """It is no origin: a sentence says what to write."""


def origin_of(text: str) -> str:
    """Return an origin as browsers write it: `https://finesse.example.com:8445`.

    Plain HTTP is taken from this machine alone: a page that others can change on its way could
    be made to show anything over the gadget. Raises BadOrigin.
    """
    text = text.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise BadOrigin(_("%(text)s is no address.") % {"text": text[:80]}) from None
    host = (parts.hostname or "").lower()
    if parts.scheme not in _DEFAULT_PORTS or not host or len(host) > _LONGEST:
        raise BadOrigin(
            _("%(text)s is no origin: write https://, the host, and its port if it is not 443.")
            % {"text": text[:80]}
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise BadOrigin(
            _("%(text)s says more than an origin: leave out what follows host and port.")
            % {"text": text[:80]}
        )
    if not _is_host(host):
        raise BadOrigin(_("%(host)s is no name of a host.") % {"host": host[:80]})
    if parts.scheme == "http" and host not in ("localhost", "127.0.0.1", "::1"):
        raise BadOrigin(_("%(text)s is not encrypted: it must be https.") % {"text": text[:80]})
    shown = f"[{host}]" if ":" in host else host
    is_plain = port is None or port == _DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{shown}" + ("" if is_plain else f":{port}")


def _is_host(host: str) -> bool:
    """Whether a text is an address or a name: nothing that means more in a policy of a page."""
    if "%" in host:  # a zone of IPv6: it may hold anything, and no browser writes one
        return False
    try:
        ip_address(host)
    except ValueError:
        labels = host.split(".")
        return all(one and one.isascii() and one.replace("-", "").isalnum() for one in labels)
    return True
