"""What an OpenID Connect provider says of itself, fetched and read with bounds.

Discovery (OpenID Connect Discovery 1.0) names the endpoints; the key set (RFC 7517) has the keys
that tokens are signed with. Both are asked for at each sign-in: keys that were withdrawn must not
go on opening doors, and people sign in rarely.
"""

import json
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests

PATH = "/.well-known/openid-configuration"
MAX_BYTES = 256 * 1024
CONNECT_S = 5
ANSWER_S = 10
KEYS_READ = 50  # of a key set


class ProviderTrouble(Exception):
    """The provider cannot be asked or believed: `reason` says why, for a person who can mend it."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Discovered:
    """The endpoints of a provider, all of them under HTTPS or on this machine."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    token_methods: tuple[str, ...] = ("client_secret_basic",)  # Discovery 1.0, section 3


def discover(issuer: str) -> Discovered:
    """Fetch and check what the provider says of itself. Raises ProviderTrouble."""
    return discovered(fetch_json(issuer.rstrip("/") + PATH), issuer=issuer)


def discovered(document: dict[str, Any], *, issuer: str) -> Discovered:
    """Check a discovery document. Raises ProviderTrouble."""
    if document.get("issuer") != issuer:  # section 4.3: exactly
        raise ProviderTrouble("other_issuer", str(document.get("issuer"))[:200])
    methods = document.get("token_endpoint_auth_methods_supported")
    return Discovered(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint"),
        token_endpoint=_endpoint(document, "token_endpoint"),
        jwks_uri=_endpoint(document, "jwks_uri"),
        userinfo_endpoint=_endpoint(document, "userinfo_endpoint", optional=True),
        end_session_endpoint=_endpoint(document, "end_session_endpoint", optional=True),
        token_methods=(
            tuple(str(method) for method in methods)
            if isinstance(methods, list)
            else ("client_secret_basic",)
        ),
    )


def key_set(uri: str) -> list[dict[str, Any]]:
    """Fetch the provider's keys. Raises ProviderTrouble."""
    keys = fetch_json(uri).get("keys")
    if not isinstance(keys, list) or not keys:
        raise ProviderTrouble("no_keys")
    return [key for key in keys[:KEYS_READ] if isinstance(key, dict)]


def is_fit(url: str) -> bool:
    """Whether an address may be asked: HTTPS, or plain HTTP to this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and _is_here(host)


def fetch_json(url: str, *, bearer: str = "") -> dict[str, Any]:
    """Fetch a JSON object: no redirects, bounded in size and time. Raises ProviderTrouble."""
    if not is_fit(url):
        raise ProviderTrouble("not_https", url[:200])
    headers = {"Accept": "application/json"}
    if bearer:
        headers["Authorization"] = f"Bearer {bearer}"
    try:
        with requests.get(
            url,
            timeout=(CONNECT_S, ANSWER_S),
            stream=True,
            allow_redirects=False,
            headers=headers,
        ) as answer:
            if answer.status_code != 200:
                raise ProviderTrouble("status", str(answer.status_code))
            return _json_object(read_bounded(answer))
    except requests.exceptions.SSLError as broken:
        raise ProviderTrouble("certificate") from broken
    except requests.RequestException as broken:
        raise ProviderTrouble("unreachable") from broken


def read_bounded(answer: requests.Response) -> bytes:
    """Read an answer up to its bounds. Raises ProviderTrouble."""
    end = time.monotonic() + ANSWER_S
    read = bytearray()
    for chunk in answer.iter_content(16 * 1024):
        read += chunk
        if len(read) > MAX_BYTES:
            raise ProviderTrouble("too_long")
        if time.monotonic() > end:
            raise ProviderTrouble("unreachable")
    return bytes(read)


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as broken:
        raise ProviderTrouble("no_json") from broken
    if not isinstance(document, dict):
        raise ProviderTrouble("no_json")
    return document


def _endpoint(document: dict[str, Any], name: str, *, optional: bool = False) -> str:
    url = document.get(name)
    if url is None and optional:
        return ""
    if not isinstance(url, str) or not is_fit(url):
        raise ProviderTrouble("endpoint", name)
    return url


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
