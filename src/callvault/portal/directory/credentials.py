"""What a directory is opened with: sealed in its row, opened only where it is used."""

import msgspec

from callvault.errors import VaultError
from callvault.portal.sealing import seal, unseal

from .faults import SourceFault
from .models import DirectorySource


class Credentials(msgspec.Struct, frozen=True):
    """Secrets of one directory; never shown, never logged. Which are used depends on its kind."""

    password: str = ""  # of the account that reads (LDAP)
    client_secret: str = ""  # of the service app (Webex)
    refresh_token: str = ""  # replaced by Webex when it is used
    access_token: str = ""  # a bot's or a personal one; or the last one that Webex gave
    expires_at: float = 0.0  # of that one, UTC seconds; 0: never asked for

    def __repr__(self) -> str:
        return "Credentials(…)"


def credentials_of(source: DirectorySource) -> Credentials:
    """Open a directory's secrets. Raises SourceFault where this node cannot."""
    if not source.sealed:
        return Credentials()
    try:
        text = unseal(source.sealed, purpose=_purpose(source))
        return msgspec.json.decode(text, type=Credentials)
    except (VaultError, msgspec.DecodeError) as error:
        raise SourceFault("sealed") from error


def put_credentials(source: DirectorySource, credentials: Credentials) -> None:
    """Seal secrets into a row, unsaved."""
    text = msgspec.json.encode(credentials).decode()
    source.sealed = seal(text, purpose=_purpose(source))


def _purpose(source: DirectorySource) -> str:
    return f"directory {source.public_id}"
