"""Who calls, and by which scheme, where a reverse proxy stands between.

What a trusted proxy adds (X-Forwarded-For, -Proto, -Host) becomes the request's own; the same
headers of anybody else are dropped before anything reads them, so that no client names its own
address to the audit log.
"""

from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SAID_BY_PROXIES = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_X_FORWARDED_PROTO",
)
MOST_HOPS = 20


class ProxyMiddleware:
    """Believes trusted proxies, and nobody else; keeps plain HTTP to them and to this machine."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._web = settings.CALLVAULT.web
        self._trusted = [ip_network(one) for one in self._web.trusted_proxies]

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Set the client's address and scheme, then answer."""
        peer = read_address(request.META.get("REMOTE_ADDR", ""))
        if peer is not None and is_within(peer, self._trusted):
            self._believe(request, peer)
            return self._get_response(request)
        for header in _SAID_BY_PROXIES:
            request.META.pop(header, None)
        if peer is not None:
            request.META["REMOTE_ADDR"] = str(peer)
            if not (request.is_secure() or peer.is_loopback):
                told = b"Plain HTTP is for this machine and its proxies. Use HTTPS.\n"
                return HttpResponse(told, status=403, content_type="text/plain")
        return self._get_response(request)

    def _believe(self, request: HttpRequest, peer: Address) -> None:
        chain = request.META.get("HTTP_X_FORWARDED_FOR", "")
        request.META["REMOTE_ADDR"] = str(client_behind(peer, chain, self._trusted))
        for header in ("HTTP_X_FORWARDED_PROTO", "HTTP_X_FORWARDED_HOST"):
            if header in request.META:  # the nearest proxy speaks last
                request.META[header] = request.META[header].rpartition(",")[2].strip()


def client_behind(peer: Address, chain: str, trusted: Sequence[Network]) -> Address:
    """Return the last address in X-Forwarded-For that no trusted proxy has.

    Read from the right: what stands left of the first stranger is that stranger's own word. What
    is no address ends the reading.
    """
    client = peer
    for word in reversed(chain.split(",")[-MOST_HOPS:]):
        if not is_within(client, trusted):
            break
        named = read_address(word.strip())
        if named is None:
            break
        client = named
    return client


def is_within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether one of the networks has the address."""
    return any(address.version == one.version and address in one for one in networks)


def read_address(text: str) -> Address | None:
    """Read an address as servers and proxies write it: with a port, in brackets, mapped to IPv6."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
