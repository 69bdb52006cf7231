"""The comparison as people read it in a terminal: a table, and one sentence under it."""

from collections.abc import Sequence

from callvault.simulator.channels import ChannelOrder
from callvault.simulator.comparison import LENGTH_TOLERANCE_MS, Row

_HEAD = ("Owner", "Remote", "Way", "Placed", "Recorded", "Differs", "Channels", "")
_RIGHT_ALIGNED = {3, 4, 5}
_ORDER = {
    ChannelOrder.RIGHT: "right",
    ChannelOrder.SWAPPED: "swapped",
    ChannelOrder.UNLIKE: "unlike",
    None: "not heard",
}


def table(rows: Sequence[Row]) -> str:
    """Return the table: what was placed beside what was recorded."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(_HEAD))]
    return "\n".join(_line(line, widths) for line in cells)


def verdict(rows: Sequence[Row]) -> str:
    """Return one sentence: how many recordings there are, and whether all is as it should be."""
    expected = sum(row.expected is not None for row in rows)
    recorded = sum(row.found is not None for row in rows)
    if not expected and not recorded:
        return "No recording was to be made, and none was: see Call decisions in the portal."
    wrong = sum(bool(row.faults) for row in rows)
    unheard = sum(row.found is not None and row.order is None for row in rows)
    sentences = [f"{recorded} of {expected} recordings are there."]
    if wrong:
        sentences.append(f"{wrong} {'differ' if wrong > 1 else 'differs'} from the call placed.")
    else:
        sentences.append("Each is as long as its call (± 40 ms).")
        if not unheard:
            sentences.append("Owner left and remote party right in all of them.")
    if unheard:
        sentences.append("Channels were not heard: this machine has no private archive key.")
    return " ".join(sentences)


def _cells(row: Row) -> tuple[str, ...]:
    shown = row.expected or row.found
    note = ", ".join(row.faults) or _remark(row)
    if shown is None:
        return (
            row.call.callee,
            row.call.caller,
            "",
            _seconds(row.call.length_ms),
            "",
            "",
            "",
            note or f"not to be recorded: {row.verdict}",
        )
    return (
        f"{shown.owner_name} {shown.owner_extension}",
        shown.remote_number,
        shown.direction.value,
        _seconds(row.call.length_ms),
        _seconds(row.found.duration_ms) if row.found else "",
        f"{row.difference_ms:+.0f} ms" if row.difference_ms is not None else "",
        _ORDER[row.order] if row.found else "",
        note,
    )


def _remark(row: Row) -> str:
    """Explain a recording that is longer than its call and yet right."""
    if row.difference_ms is None or row.difference_ms <= LENGTH_TOLERANCE_MS:
        return ""
    return f"the recorder's answers took {row.call.answering_ms:.0f} ms"


def _seconds(length_ms: float) -> str:
    return f"{length_ms / 1000:.2f} s"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if column in _RIGHT_ALIGNED else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
