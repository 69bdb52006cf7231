"""An order to take no new calls: a small file in the data folder, so that it survives a restart.

`callvault drain` and SIGUSR1 write it, the recorder follows it once a second and takes it away
when it has ended by it.
"""

from pathlib import Path

import msgspec

from callvault.recorder.files import replace_file

DRAIN_FILE = "run/drain.json"
"""Name of the file in the data folder."""
LONGEST_S = 3600
"""How long calls in progress may take to end, unless the order says otherwise."""


class DrainOrder(msgspec.Struct, frozen=True):
    """What is asked of the recorder."""

    asked_at_ns: int  # UTC
    give_up_at_ns: int  # calls that still go on then are treated as at any stop
    stays: bool = False  # goes on refusing calls when none is left, instead of ending

    def is_over(self, *, calls: int, now_ns: int) -> bool:
        """Whether the recorder is to end now."""
        return not self.stays and (calls == 0 or now_ns >= self.give_up_at_ns)


def write_order(
    data_folder: Path, *, now_ns: int, longest_s: float = LONGEST_S, stays: bool = False
) -> DrainOrder:
    """Ask the recorder of this data folder to drain. Raises OSError."""
    order = DrainOrder(now_ns, now_ns + int(longest_s * 1e9), stays)
    replace_file(data_folder / DRAIN_FILE, msgspec.json.encode(order), durable=True)
    return order


def read_order(data_folder: Path) -> DrainOrder | None:
    """Return what is asked; None: nothing. A file that cannot be read asks for nothing."""
    try:
        return msgspec.json.decode((data_folder / DRAIN_FILE).read_bytes(), type=DrainOrder)
    except (OSError, msgspec.DecodeError):
        return None


def withdraw_order(data_folder: Path) -> bool:
    """Take the order back, or away when it is done; False: there was none. Raises OSError."""
    path = data_folder / DRAIN_FILE
    was_there = path.exists()
    path.unlink(missing_ok=True)
    return was_there
