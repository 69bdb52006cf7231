"""A recorder in a process of its own, whose journals the test can read: for what must not share
an interpreter with it, such as floods, and to see its memory.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import UUID

from callvault.config.sections import CapacityConfig, CaptureConfig, SipConfig, SpoolConfig
from callvault.policy.snapshot import Snapshot, Trunk
from callvault.recorder import Addresses
from callvault.spool import JournalReader, PacketsBlock, SpooledJournal, scan
from tests.flows.node import environment
from tests.flows.recorder_node import ANN, RunningRecorder, wait_until

FRIEND = "127.0.0.1"
FLOODER = "127.0.0.3"  # a trunk of its own
STRANGER = "127.0.0.2"
PORT_FIRST, PORT_LAST = 41_000, 41_398
MAX_CALLS = 60
# A machine's own trunk is none that room is left for: there is one of another machine, too.
ELSEWHERE = Trunk(UUID(int=4), "Elsewhere", ("192.0.2.1",))
FLOODING, LOOPBACK_ALONE = (
    Trunk(UUID(int=number), name, (peer,), ("udp", "tcp", "tls"), media_networks=(f"{peer}/32",))
    for number, name, peer in ((3, "Flooding", FLOODER), (2, "This machine", FRIEND))
)


@dataclass
class RecorderProcess:
    """Starts with the context, ends with it."""

    folder: Path
    addresses: Addresses | None = None
    log: Path = field(init=False)
    _process: "subprocess.Popen[str] | None" = None

    def __post_init__(self) -> None:
        self.log = self.folder / "recorder.log"

    def __enter__(self) -> Self:
        with self.log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.flows.recorder_process", self.folder],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        assert self._process.stdout is not None
        said = json.loads(self._process.stdout.readline())
        self.addresses = Addresses(*(tuple(said[name]) for name in ("udp", "tcp", "tls")))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it as its operator would; what it logged as an error is one of the test's."""
        assert self._process is not None
        self._process.communicate("", timeout=60)
        assert self._process.returncode == 0
        assert "Traceback" not in self.log.read_text()

    def resident_mb(self) -> float:
        """Memory that it holds now."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def packets(self, call_id: str) -> list[tuple[int, str, int, bytes]]:
        """Return all datagrams of a call that ended: stream, sender, arrival, content.

        Waits for the journal: the recorder answers BYE before the last of it is on the disk.
        """
        wait_until(lambda: not self._journal(call_id).is_live)
        with JournalReader.open(self._journal(call_id).path, unwrap=bytes) as reader:
            blocks = [block for block in reader.blocks() if isinstance(block, PacketsBlock)]
        return [_told(block, index) for block in blocks for index in range(len(block.packets))]

    def _journal(self, call_id: str) -> SpooledJournal:
        """Return the one journal of a call."""
        found = []
        for one in scan(self.folder / "spool"):
            with JournalReader.open(one.path, unwrap=bytes) as reader:
                if reader.header.call_id == call_id:
                    found.append(one)
        (journal,) = found
        return journal


def _told(block: PacketsBlock, index: int) -> tuple[int, str, int, bytes]:
    packet = block.packets[index]
    address, port = block.sources[packet.stream, packet.source]
    return packet.stream, f"{address}:{port}", packet.arrival_ns, packet.datagram


class _InTheClear(RunningRecorder):
    """Its envelope is the key itself, so that another process can read the journals."""

    def _seal(self, key: bytes, certificates: object) -> bytes:
        return key


def _serve(folder: Path) -> None:
    snapshot = Snapshot(revision=1, people=(ANN,), trunks=(LOOPBACK_ALONE, FLOODING, ELSEWHERE))
    capture = CaptureConfig(
        bind_address=FRIEND, port_first=PORT_FIRST, port_last=PORT_LAST, sweep_ms=100
    )
    keys = folder / "keys"  # a self-signed certificate is made
    sip = SipConfig(
        FRIEND, port=0, tls_certificate=keys / "sip-tls.crt", tls_key=keys / "sip-tls.key"
    )
    capacity, spool = CapacityConfig(max_calls=MAX_CALLS), SpoolConfig(min_free_bytes=0)
    with _InTheClear(
        folder, snapshot=snapshot, capture=capture, capacity=capacity, spool=spool, sip=sip
    ) as recorder:
        assert recorder.addresses is not None
        print(json.dumps(recorder.addresses._asdict()), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
