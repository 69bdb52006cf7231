"""Writing audit entries, always in the transaction of the deed.

`record` is called before the deed takes effect: where its row cannot be written, nothing is
played, downloaded or changed. `record_command` does the same for a command line, and
`record_own` for what Callvault does by itself.
"""

import os
import pwd
import re
from datetime import timedelta
from hashlib import sha256
from hmac import new as hmac
from ipaddress import IPv6Address, ip_address

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from callvault.policy.numbers import normalise
from callvault.portal.people.models import User
from callvault.portal.storable import storable

from .models import Action, AuditEntry

COMMAND_LINE = "command_line"
"""In the detail of what a command did: its actor is a user of the system, no person of ours."""
_REFERENCE_DIGITS = 16
_NUMBER = re.compile(r"\+?\d(?:[\s().\-/]?\d){3,}")


def record(
    request: HttpRequest,
    action: Action,
    *,
    kind: str = "",
    object_id: object = "",
    actor: User | None = None,
    **detail: object,
) -> AuditEntry:
    """Write what somebody does (the signed-in person unless `actor` says it), on which object.

    `detail` is what JSON can hold; telephone numbers (`number_reference`) and secrets do not go
    into it.
    """
    detail |= getattr(request, "audit_detail", {})  # by which token the API is used
    signed_in = getattr(request, "user", None)  # not there yet while somebody signs in
    if actor is None and isinstance(signed_in, User):
        actor = signed_in
    return AuditEntry.objects.create(
        actor=actor,
        actor_name=actor.username if actor else "",
        address=address_of(request),
        action=action,
        object_kind=kind,
        object_id=str(object_id),
        detail=storable(detail),
    )


def record_once(
    request: HttpRequest,
    action: Action,
    *,
    kind: str,
    object_id: object,
    within: timedelta,
    **detail: object,
) -> None:
    """Write the deed unless the same person did the same within this time.

    A player fetches one recording in many ranges; that is one playing, not many.
    """
    since = timezone.now() - within
    done = AuditEntry.objects.filter(
        object_kind=kind,
        object_id=str(object_id),
        at__gte=since,
        action=action,
        actor_id=request.user.pk,
    )
    with transaction.atomic():
        if not done.exists():
            record(request, action, kind=kind, object_id=object_id, actor=None, **detail)


def record_command(
    action: Action, *, kind: str = "", object_id: object = "", **detail: object
) -> AuditEntry:
    """Write what a command does: its actor is the system's user who runs it."""
    told = {COMMAND_LINE: True, **detail}
    if sudo := os.environ.get("SUDO_USER", ""):
        told["sudo_user"] = sudo[:64]
    return AuditEntry.objects.create(
        actor_name=system_user()[:150],
        action=action,
        object_kind=kind,
        object_id=str(object_id),
        detail=storable(told),
    )


def record_own(
    action: Action, *, kind: str = "", object_id: object = "", **detail: object
) -> AuditEntry:
    """Write what Callvault does by itself, as retention and synchronisation do."""
    return AuditEntry.objects.create(
        action=action, object_kind=kind, object_id=str(object_id), detail=storable(detail)
    )


def system_user() -> str:
    """Return the name of the user that this process runs as, from the system's own list."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # of no name, as in some containers
        return f"uid {os.getuid()}"


def address_of(request: HttpRequest) -> str | None:
    """Return where a request comes from, in its plain form; None: unknown."""
    return address_in(str(request.META.get("REMOTE_ADDR") or ""))


def address_in(text: str) -> str | None:
    """Return an address in its plain form; None: the text is none."""
    try:
        address = ip_address(text.partition("%")[0])  # without fe80::1%eth0
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)  # a socket for both writes ::ffff:192.0.2.7
    return str(address)


def number_reference(number: str) -> str:
    """Return what stands for a telephone number in the log: the same for the same number.

    Keyed, since all numbers are soon tried; who has the number can find its entries, and nobody
    can read it from them. Give the number in its normal form.
    """
    key = b"callvault audit number\0" + settings.SECRET_KEY.encode()
    return f"n-{hmac(key, number.encode(), sha256).hexdigest()[:_REFERENCE_DIGITS]}"


def without_numbers(text: str) -> str:
    """Return a text that people typed, each telephone number in it as its reference."""
    return _NUMBER.sub(lambda found: number_reference(normalise(found[0])), text)
