"""From settings to the target that they name."""

from callvault.errors import VaultError
from callvault.export import ExportTarget, FaultKind, TargetFault
from callvault.export.sftp_address import PORT as SFTP_PORT
from callvault.export.sftp_address import SftpAddress
from callvault.export.smb import SmbTarget
from callvault.vault.smb_session import DEADLINE_S, Credentials, ShareAddress, SmbSession

from .models import ExportSettings, TargetKind

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
    if settings.kind == TargetKind.SFTP:
        return _sftp(settings, password, deadline_s)
    return _smb(settings, password, deadline_s)


def is_private_key(secret: str) -> bool:
    """Whether what is kept is a private key, rather than a password."""
    return secret.startswith("-----BEGIN ")


def fingerprint_at(settings: ExportSettings) -> str:
    """Ask the server for its key, without signing in. Raises TargetFault."""
    from callvault.export.sftp import fingerprint_of  # takes long to load

    return fingerprint_of(SftpAddress.parse(settings.place, port=settings.port or SFTP_PORT))


def _smb(settings: ExportSettings, password: str, deadline_s: float) -> ExportTarget:
    try:
        address = ShareAddress.parse(settings.place, port=settings.port or SMB_PORT)
    except ValueError as error:
        raise TargetFault(str(error), FaultKind.SHARE) from error
    credentials = Credentials(settings.username, password)
    return SmbTarget(SmbSession(address, credentials, deadline_s=deadline_s))


def _sftp(settings: ExportSettings, secret: str, deadline_s: float) -> ExportTarget:
    from callvault.export.sftp import SftpCredentials, SftpTarget  # takes long to load

    try:
        address = SftpAddress.parse(settings.place, port=settings.port or SFTP_PORT)
    except ValueError as error:
        raise TargetFault(str(error), FaultKind.SHARE) from error
    kept = "private_key" if is_private_key(secret) else "password"
    credentials = SftpCredentials(settings.username, settings.fingerprint, **{kept: secret})
    return SftpTarget(address, credentials, deadline_s=deadline_s)
