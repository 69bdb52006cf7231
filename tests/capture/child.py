"""A recorder's capture in a process of its own, which tests may stop, starve or kill.

Told by one line of JSON on stdin: folder, streams, optionally file_bytes_at_most. Answers with one
line: journal path, key, ports. Then obeys lines: `close` ends the journal; `grow` lifts the limit
of file sizes; `figures` reports counters and alarms; the end of stdin ends the process.
"""

import json
import resource
import signal
import sys
from pathlib import Path

from callvault.capture import Receiver, Stream
from tests.capture.media import CONFIG, LOOPBACK, Dialog


def limit_file_size(size_bytes: int) -> None:
    """Make every write beyond a size fail, as a full disk does, and not kill the process."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, resource.RLIM_INFINITY))


def tell(**values: object) -> None:
    """Answer with a line."""
    print(json.dumps(values), flush=True)


def figures(receiver: Receiver, streams: list[Stream]) -> dict[str, object]:
    """Sum up what the test wants to know."""
    counters = [stream.counters() for stream in streams]
    return {
        "packets": sum(one.packets for one in counters),
        "kernel_drops": receiver.stats().kernel_drops,
        "unwritten_bytes": receiver.stats().unwritten_bytes,
        "alarms": [alarm.kind for alarm in receiver.alarms()],
    }


def main() -> None:
    """Serve one test."""
    told = json.loads(sys.stdin.readline())
    if "file_bytes_at_most" in told:
        limit_file_size(told["file_bytes_at_most"])
    with Receiver(CONFIG, spool_folder=Path(told["folder"]), sync_ms=1000) as receiver:
        dialog = Dialog.open(receiver)
        streams = [dialog.journal.open_stream(n, allow=LOOPBACK) for n in range(told["streams"])]
        ports = [stream.rtp_port for stream in streams]
        tell(path=str(dialog.journal.path), key=dialog.key.hex(), ports=ports)
        for line in sys.stdin:
            if line.strip() == "close":
                dialog.journal.close()
            elif line.strip() == "grow":
                limit_file_size(resource.RLIM_INFINITY)
            tell(**figures(receiver, streams))


if __name__ == "__main__":
    main()
