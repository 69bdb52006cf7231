"""From settings to the target that they name."""

from callvault.errors import VaultError
from callvault.export import ExportTarget, FaultKind, TargetFault
from callvault.export.smb import SmbTarget
from callvault.vault.smb_session import DEADLINE_S, Credentials, ShareAddress, SmbSession

from .models import ExportSettings

SMB_PORT = 445


class PasswordSealed(TargetFault):
    """The password that is kept cannot be opened on this machine."""


def target_of(settings: ExportSettings, *, deadline_s: float = DEADLINE_S) -> ExportTarget:
    """Return the target; it connects when it is used first. Raises TargetFault.

    `deadline_s` is how long one call may take.
    """
    try:
        password = settings.password
    except VaultError as sealed:
        raise PasswordSealed(str(sealed)) from sealed
    return _smb(settings, password, deadline_s)


def _smb(settings: ExportSettings, password: str, deadline_s: float) -> ExportTarget:
    try:
        address = ShareAddress.parse(settings.place, port=settings.port or SMB_PORT)
    except ValueError as error:
        raise TargetFault(str(error), FaultKind.SHARE) from error
    credentials = Credentials(settings.username, password)
    return SmbTarget(SmbSession(address, credentials, deadline_s=deadline_s))
