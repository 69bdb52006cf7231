"""An order to take no new calls: a small file in the data folder, so that it survives a restart.

`callvault drain`, SIGUSR1 and the page *Service and nodes* (by the worker) write it, the recorder
follows it once a second and takes it away when it has ended by it. An order to stop stays: a
recorder that is started again meanwhile waits until it is withdrawn.
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
    stops: bool = False  # ends, and stays ended until the order is withdrawn
    is_carried_out: bool = False  # by a recorder that was to stop

    def is_over(self, *, calls: int, now_ns: int) -> bool:
        """Whether the recorder is to end now."""
        return not self.stays and (calls == 0 or now_ns >= self.give_up_at_ns)


def write_order(
    data_folder: Path,
    *,
    now_ns: int,
    longest_s: float = LONGEST_S,
    stays: bool = False,
    stops: bool = False,
) -> DrainOrder:
    """Ask the recorder of this data folder to drain, and perhaps to stop. Raises OSError.

    A recorder that was stopped stays so: it has nothing to drain. Nor does a drain for a restart
    take the place of a stop whose calls are still coming to an end; one that stays, does.
    """
    standing = read_order(data_folder)
    is_for_restart = not (stops or stays)
    if standing and (standing.is_carried_out or (standing.stops and is_for_restart)):
        return standing
    order = DrainOrder(now_ns, now_ns + int(longest_s * 1e9), stays, stops)
    _put(data_folder, order)
    return order


def read_order(data_folder: Path) -> DrainOrder | None:
    """Return what is asked; None: nothing. A file that cannot be read asks for nothing."""
    try:
        return msgspec.json.decode((data_folder / DRAIN_FILE).read_bytes(), type=DrainOrder)
    except (OSError, msgspec.DecodeError):
        return None


def is_stopped(data_folder: Path) -> bool:
    """Whether the recorder ended by an order, and is to take no call until that is withdrawn."""
    order = read_order(data_folder)
    return order is not None and order.stops and order.is_carried_out


def end_order(data_folder: Path, order: DrainOrder) -> None:
    """Say that the recorder ends by the order: one to stop stays, others are done. Raises OSError.

    An order that was withdrawn or replaced in this very moment is left as it is.
    """
    if read_order(data_folder) != order:
        return
    if order.stops:
        _put(data_folder, msgspec.structs.replace(order, is_carried_out=True))
    else:
        withdraw_order(data_folder)


def withdraw_order(data_folder: Path) -> bool:
    """Take the order back, or away when it is done; False: there was none. Raises OSError."""
    path = data_folder / DRAIN_FILE
    was_there = path.exists()
    path.unlink(missing_ok=True)
    return was_there


def _put(data_folder: Path, order: DrainOrder) -> None:
    replace_file(data_folder / DRAIN_FILE, msgspec.json.encode(order), durable=True)
