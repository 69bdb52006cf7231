"""A database that was migrated once, for nodes and demo portals to start from.

The migrations are most of what a first start costs. `callvault init` and `serve` still bring the
copy up to date by themselves, which finds nothing to do. Tests of `init` start without.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build"  # of no version; `make clean` removes it
DATABASE = "callvault.sqlite3"

MIGRATE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", interactive=False, verbosity=0)
from django.db import connections
connections.close_all()
"""


def put_database(data: Path) -> None:
    """Give a data folder tables, as `callvault init` would, where it has no database yet."""
    database = data / DATABASE
    if database.exists():
        return
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(migrated(), database)
    database.chmod(0o600)


@cache
def migrated() -> Path:
    """Return a SQLite file with all tables and no rows; it is made anew when a source changed."""
    BUILD.mkdir(exist_ok=True)
    file = BUILD / f"migrated-{_digest()}.sqlite3"
    with (BUILD / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one of several test processes makes it
        if not file.exists():
            with tempfile.TemporaryDirectory(dir=BUILD) as name:
                _migrate(Path(name))
                for old in BUILD.glob("migrated-*.sqlite3"):
                    with suppress(FileNotFoundError):
                        old.unlink()
                (Path(name) / DATABASE).replace(file)
    return file


def _migrate(folder: Path) -> None:
    config = folder / "callvault.toml"
    config.write_text(f'[node]\ndata_folder = "{folder}"\n')
    environment = os.environ | {
        "CALLVAULT_CONFIG": str(config),
        "DJANGO_SETTINGS_MODULE": "callvault.portal.settings",
        "PYTHONPATH": str(ROOT / "src"),
    }
    subprocess.run([sys.executable, "-c", MIGRATE], check=True, env=environment)


def _digest() -> str:
    """Return a digest of all that a database may depend on."""
    digest = sha256()
    sources = sorted((ROOT / "src" / "callvault").rglob("*.py"))
    for path in (*sources, ROOT / "requirements" / "base.txt"):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
