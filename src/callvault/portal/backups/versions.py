"""Whether this version can read the database of a backup, asked before anything is changed."""

from pathlib import Path

from callvault.backup import Manifest
from callvault.errors import BackupRefused

HERE = Path(__file__).resolve().parents[1]


def check_not_newer(manifest: Manifest) -> None:
    """Raise BackupRefused if the database has migrations that this version lacks.

    Asked of the source tree: Django is not set up yet.
    """
    ours = {path.parent.name for path in HERE.glob("*/migrations")}
    known = {
        f"{path.parent.parent.name}.{path.stem}" for path in HERE.glob("*/migrations/[0-9]*.py")
    }
    for one in manifest.migrations:
        if one.partition(".")[0] in ours and one not in known:
            raise BackupRefused(
                f"the backup was made by a newer version, {manifest.version}: its database has "
                f"the migration {one}, which this version does not know"
            )
