"""The file of a backup: members in the form of tar, a manifest that vouches for all of them.

What goes into it and where it comes back is the portal's business (`callvault.portal.backups`).
The layout is said in docs/formats/backup.md.
"""

from callvault.backup.archive import BackupFile, BackupWriter
from callvault.backup.manifest import FORMAT, BackedUpCertificate, Manifest, Signed
from callvault.backup.passphrase import (
    Opened,
    Sealer,
    open_secrets,
)

__all__ = (
    "FORMAT",
    "BackedUpCertificate",
    "BackupFile",
    "BackupWriter",
    "Manifest",
    "Opened",
    "Sealer",
    "Signed",
    "open_secrets",
)
