"""Where a browser thinks it is, and whether passkeys can work there (WebAuthn, section 5.1.2)."""

from ipaddress import ip_address

from django.http import HttpRequest
from django.utils.translation import gettext as _


def host_of(request: HttpRequest) -> str:
    """Return the host name of the request, without its port, in lower case."""
    host = request.get_host().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def passkey_obstacle(request: HttpRequest) -> str:
    """Say why no passkey can work under this address; empty where one can."""
    return obstacle(host_of(request), is_secure=request.is_secure())


def obstacle(host: str, *, is_secure: bool) -> str:
    """Say why browsers refuse passkeys here: they want a domain, and HTTPS or this machine."""
    if is_address(host):
        return _("Passkeys need a host name. This page was opened by an IP address.")
    local = host == "localhost" or host.endswith(".localhost")
    if not (is_secure or local):
        return _("Passkeys need HTTPS. This page was opened without it.")
    return ""


def is_address(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
