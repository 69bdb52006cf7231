"""Fails one call of this process that changes the disk. Needs `layer.c` preloaded."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

LIBRARY_VARIABLE = "CALLVAULT_FAULTS"


class Fault(IntEnum):
    """What happens to the call; numbers as in layer.c."""

    NONE = 0
    FULL = 1  # ENOSPC, nothing is done
    BROKEN = 2  # EIO, nothing is done
    TORN = 3  # half is written, then EIO
    KILLED = 4  # SIGKILL before it
    KILLED_TORN = 5  # SIGKILL when half is written


TEARING = (Fault.TORN, Fault.KILLED_TORN)  # concern writes only


@dataclass
class Calls:
    """The calls that were seen: one letter each, as in layer.c."""

    kinds: str = ""


def build(folder: Path, name: str = "layer") -> Path:
    """Compile a layer of this folder; the compiler is the one that links the native part."""
    library = folder / f"{name}.so"
    source = Path(__file__).with_name(f"{name}.c")
    command: list[str | Path] = [
        "cc",
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Werror",
        "-o",
        library,
        source,
        "-ldl",
    ]
    subprocess.run(command, check=True)
    return library


def environment(library: Path) -> dict[str, str]:
    """Return the environment of a process that shall have the layer below it."""
    own = {"LD_PRELOAD": str(library), LIBRARY_VARIABLE: str(library)}
    # Python's own caches are files, too, and not what is to be failed.
    return os.environ | own | {"PYTHONDONTWRITEBYTECODE": "1"}


@contextmanager
def failing(at: int, fault: Fault) -> Iterator[Calls]:
    """Fail the `at`-th call of the block, counted from 0; say afterwards which there were."""
    library = ctypes.CDLL(os.environ[LIBRARY_VARIABLE])
    library.faults_end.restype = ctypes.c_char_p
    calls = Calls()
    library.faults_begin(at, int(fault))
    try:
        yield calls
    finally:
        calls.kinds = library.faults_end().decode()
