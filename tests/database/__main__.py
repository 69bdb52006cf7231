"""Run every test that touches the catalogue on PostgreSQL: `python -m tests.database [pytest …]`.

The same tests run on SQLite with all others; here the fixtures of pytest-django make one database
a pytest process on a server that lives as long as the run, copies of one that is migrated first.
"""

import os
import subprocess
import sys

from tests.database.server import WHY_NOT, programs, running


def main(arguments: list[str]) -> int:
    """Start a server, run pytest with what it is given, stop the server."""
    if programs() is None:
        print(f"Skipped: {WHY_NOT}")
        return 0
    with running() as server:
        environment = os.environ | {
            "CALLVAULT_TEST_DATABASE": server.create("tests"),
            "DJANGO_SETTINGS_MODULE": "tests.database.settings",
        }
        migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0"]
        subprocess.run(migrate, env=environment, check=True)
        command = [sys.executable, "-m", "pytest", "-p", "tests.database.selection", *arguments]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
