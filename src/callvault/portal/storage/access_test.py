"""Tests the access to a store as it is typed: writes, reads and removes, and says what failed."""

import secrets
from dataclasses import dataclass
from typing import Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.vault import Store

from .models import StorageLocation
from .places import open_store

DEADLINE_S = 15.0
CONNECT_S = 5.0
Step = Literal["open", "write", "read", "remove", ""]


@dataclass(frozen=True, slots=True)
class Tried:
    """How it went: `step` is what failed, empty if nothing did."""

    step: Step
    strong: str
    text: str
    said: str = ""  # in the technical words of the log

    @property
    def tone(self) -> str:
        """The colour of the notice."""
        return "red" if self.step else "green"


def try_access(request: HttpRequest, typed: StorageLocation) -> Tried:
    """Try a store; the audit entry says that it was tried, and where."""
    step, error = _tried(typed)
    record(
        request, Action.STORAGE_TESTED, kind="storage", object_id=typed.public_id,
        address=typed.address, failed=step,
    )  # fmt: skip
    if error is None:
        done = _("Written, read and removed: %(place)s can be used.") % {"place": typed.address}
        text = _("Tested from this machine, with what is typed here.")
        if not typed.pk:
            text += " " + _("To save it, type the secret once more: it is not sent back to you.")
        return Tried("", done, text)
    return Tried(step, _STEPS[step](), _hint(str(error)), str(error))


def _tried(typed: StorageLocation) -> tuple[Step, VaultError | None]:
    step: Step = "open"
    try:
        store = open_store(typed, deadline_s=DEADLINE_S, connect_s=CONNECT_S)
        name, content = f"probe/{secrets.token_hex(8)}", secrets.token_bytes(64)
        step = "write"
        with store.create(name) as file:
            file.write(content)
        step = "read"
        _read(store, name, content)
        step = "remove"
        store.delete(name)
    except VaultError as error:
        return step, error
    return "", None


def _read(store: Store, name: str, content: bytes) -> None:
    stored = store.open(name)
    try:
        if stored.read(0, stored.size) != content:
            raise VaultError("other bytes came back than were written")
    finally:
        stored.close()


_STEPS = {
    "open": lambda: _("It cannot be opened."),
    "write": lambda: _("Writing failed."),
    "read": lambda: _("Writing worked, reading failed."),
    "remove": lambda: _("Writing and reading worked, removing failed."),
}


def _hint(said: str) -> str:
    """Return what to do, by what the stores say; empty where nothing is known."""
    hints = (
        ("user name or password is wrong", _("User name or password is wrong.")),
        ("access key or secret key is wrong", _("Access key or secret key is wrong.")),
        ("no such share", _("The server has no share of this name.")),
        ("no such bucket", _("The server has no bucket of this name: make it there first.")),
        ("has no permission", _("The account lacks the right: give it write, read and delete.")),
        ("read-only", _("The share is read-only.")),
        ("full", _("It is full.")),
        ("no encryption", _("The server offers no encryption: switch on SMB 3 encryption there.")),
        ("name is not known", _("No server of this name is known: check the spelling and DNS.")),
        ("cannot be reached", _("No server answers there: check address, port and firewall.")),
        ("certificate is not trusted", _("Its certificate is not trusted: upload its authority.")),
        ("no answer", _("The server takes the connection and does not answer.")),
        ("region", _("The region is not the bucket's.")),
        ("clock is wrong", _("The clock of this machine is wrong.")),
    )
    return next((told for mark, told in hints if mark in said), "")
