"""Every call that changes the disk in a hand-over meets every fault: an hour's worth of bad luck.

`make test` lets each call fail in one way and be killed in one; see tests/faults/hand_over.py.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.faults.layer import Fault, build, environment
from tests.faults.test_faults import FAULTS, MEMORY
from tests.flows.node import ROOT, callvault
from tests.migrated import put_database


def main() -> int:
    """Run the hand-over with each fault. Returns 1 if something did not hold."""
    if shutil.which("cc") is None:
        print("Skipped: no C compiler here")
        return 0
    return int(any([hold(fault) != 0 for fault in FAULTS]))


def hold(fault: Fault) -> int:
    """Let each call meet one fault; says what did not hold."""
    place = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="callvault-faults-") as name:
        folder = Path(name)
        put_database(folder / "data")
        made = callvault("init", "--data", folder / "data")
        subprocess.run(made, check=True, capture_output=True)
        print(f"{fault.name}: every call once", flush=True)
        return subprocess.run(
            [sys.executable, "-m", "tests.faults.hand_over", folder, fault.name],
            cwd=ROOT,
            env=environment(build(folder)),
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
