"""Whom a certificate names: the names by which trunks know a TLS peer (RFC 5922, section 7.1)."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from callvault.sip.headers import Uri

MAX_NAMES = 64
MAX_NAME = 255


def peer_names(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a verified certificate, as `ssl.SSLSocket.getpeercert` gives it.

    Subject alternative names count: DNS, addresses, the host of a SIP URI, other URIs whole. Only
    a certificate without any is known by its common name.
    """
    named = [(str(kind), str(value)) for kind, value in certificate.get("subjectAltName", ())]
    found = [name for name in _alternative(named) if name] or list(_common(certificate))
    return tuple(dict.fromkeys(name for name in found if len(name) <= MAX_NAME))[:MAX_NAMES]


def _alternative(named: list[tuple[str, str]]) -> Iterator[str]:
    for kind, value in named:
        if kind == "DNS":
            yield value.lower().rstrip(".")
        elif kind == "IP Address":
            yield _address(value)
        elif kind == "URI":
            uri = Uri.parse(value)
            is_domain = uri.scheme in ("sip", "sips") and not uri.user
            yield uri.host.lower() if is_domain else value.lower()


def _common(certificate: Mapping[str, Any]) -> Iterator[str]:
    for part in certificate.get("subject", ()):
        for key, value in part:
            if key == "commonName":
                yield str(value).lower().rstrip(".")


def _address(text: str) -> str:
    try:
        return str(ip_address(text.strip()))
    except ValueError:
        return ""
