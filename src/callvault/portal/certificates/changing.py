"""What the certificates page does; each change is in the audit log before it is made."""

from pathlib import Path

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from callvault.errors import VaultError
from callvault.portal.audit.log import record
from callvault.portal.audit.models import Action
from callvault.portal.people.gates import person_of
from callvault.portal.recordings.permissions import recordings_visible_to
from callvault.vault import (
    KeyKind,
    Keyring,
    Role,
    Subject,
    add_certificate,
    forget_request,
    key_for,
    make_request,
    use_certificates,
)

from .forms import RequestForm, UploadForm
from .models import Rewrapping, State


def key_folder() -> Path:
    """Return the key folder of this machine."""
    folder: Path = settings.DATA_FOLDER / settings.CALLVAULT.vault.key_folder
    return folder


def take_in(request: HttpRequest, form: UploadForm) -> tuple[str, bool]:
    """Add the certificate of a file; return its name, and whether its private key is here.

    A certificate that answers a request of ours gets the key that was made for it. Raises
    VaultError saying why it cannot be added.
    """
    folder, role = key_folder(), Role(form.cleaned_data["role"])
    certificate, key = form.cleaned_data["certificate"], form.cleaned_data["private_key"]
    answered = key_for(folder, certificate)
    key = key or (answered.key if answered else None)
    known = [
        one for one in Keyring.load(folder).entries(role) if one.certificate == certificate
    ]  # fmt: skip
    name = known[0].name if known else _free_name(folder, role, form.file_name)
    record(
        request,
        Action.CERTIFICATE_IMPORTED,
        kind="certificate",
        object_id=certificate.info.sha256,
        name=f"{role.value}/{name}",
        has_key=key is not None,
        use=False,
    )
    add_certificate(folder, role, name, certificate, private_key=key)
    if answered:
        forget_request(folder, answered.name)
    has_key = key is not None or any(one.private_key is not None for one in known)
    return name, has_key


def choose(request: HttpRequest, role: Role, names: list[str]) -> None:
    """Seal to these certificates from now on. Raises VaultError."""
    folder = key_folder()
    entries = Keyring.load(folder).entries(role)
    before = [one.name for one in entries if one.is_current]
    subjects = {one.name: str(one.certificate.info) for one in entries}
    record(
        request,
        Action.CERTIFICATES_CHOSEN,
        kind="settings",
        role=role.value,
        old=[subjects.get(name, name) for name in before],
        new=[subjects.get(name, name) for name in names],
    )
    use_certificates(folder, role, names)


def ask_authority(request: HttpRequest, form: RequestForm) -> str:
    """Make a key and a signing request; return its name. Raises VaultError."""
    subject: Subject = form.subject
    name = form.file_name
    record(request, Action.CERTIFICATE_REQUESTED, kind="settings", name=name)
    make_request(key_folder(), name, subject, kind=KeyKind(form.cleaned_data["kind"]))
    return name


def drop_request(request: HttpRequest, name: str) -> None:
    """Remove a signing request and its key. Raises VaultError for a name that cannot be."""
    record(request, Action.CERTIFICATE_REQUEST_DROPPED, kind="settings", name=name)
    forget_request(key_folder(), name)


def begin_rewrapping(request: HttpRequest) -> bool:
    """Have workers seal the keys of all older recordings anew. False: one runs already.

    Raises VaultError if no archive certificate is in use.
    """
    current = Keyring.load(key_folder()).current(Role.ARCHIVE)
    rows = recordings_visible_to(person_of(request))  # an administrator: all of them
    newest = rows.order_by("-record_number").values_list("record_number", flat=True).first()
    try:
        with transaction.atomic():
            row = Rewrapping.objects.create(
                asked_at=timezone.now(),
                asked_by_name=person_of(request).get_full_name(),
                certificates=[one.info.fingerprint for one in current],
                at_number=newest or 0,
                newest_number=newest or 0,
                total=rows.count(),
            )
            record(
                request,
                Action.REWRAPPING_STARTED,
                kind="rewrapping",
                object_id=row.public_id,
                certificates=[str(one.info) for one in current],
                total=row.total,
            )
    except IntegrityError:
        return False
    return True


@transaction.atomic
def stop_rewrapping(request: HttpRequest) -> None:
    """Stop the one that runs; what is done stays done."""
    row = Rewrapping.objects.select_for_update().filter(state=State.RUNNING).first()
    if row is None:
        return
    record(
        request,
        Action.REWRAPPING_STOPPED,
        kind="rewrapping",
        object_id=row.public_id,
        done=row.done,
        failed=row.failed,
    )
    Rewrapping.objects.filter(pk=row.pk).update(state=State.STOPPED, ended_at=timezone.now())


def _free_name(folder: Path, role: Role, wanted: str) -> str:
    taken = {one.name for one in Keyring.load(folder).entries(role)}
    for number in range(1, 1000):
        name = wanted if number == 1 else f"{wanted}-{number}"
        if name not in taken:
            return name
    raise VaultError(_("too many certificates have this name"))
