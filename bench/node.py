"""A recorder (and worker) in processes of their own, and the generator of calls beside them.

One core for what is measured, the other for the load: `OURS` and `OTHERS`.
"""

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from callvault.simulator import metadata, offer
from callvault.simulator.cast import DEMO_PEOPLE
from callvault.simulator.script import Codec

NATIVE = Path(__file__).parents[1] / "native"
OURS = max(os.sched_getaffinity(0))
OTHERS = min(os.sched_getaffinity(0))
SETTINGS = (
    'sip.bind_address="127.0.0.1"',
    'capture.bind_address="127.0.0.1"',
    # A port rests ten seconds by default: at hundreds of calls a second all would be resting.
    "capture.port_cooldown_s=1",
    # Calls here last a minute, not thirty: 2,500 would want 80 GB to be free.
    "spool.call_reserve_minutes=2",
)
WITHIN_S = 60.0
_RTPGEN = NATIVE / "target" / "release" / "callvault-rtpgen"
_ANN = DEMO_PEOPLE[0]
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Placed:
    """What the generator says of its calls."""

    answered: int
    ended: int
    refused: int
    failed: int
    retransmitted: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    seconds: float
    ports: tuple[int, ...] = ()

    @classmethod
    def read(cls, line: str) -> Self:
        """Read a line of `sipgen`."""
        told: dict[str, Any] = json.loads(line)
        return cls(**{**told, "ports": tuple(told["ports"])})


@dataclass
class Node:
    """A data folder with one user, and the programs that run on it."""

    data: Path
    settings: tuple[str, ...] = ()
    sip_port: int = 0
    running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sip_port = self.sip_port or free_port()
        build("callvault-sipgen")
        build("callvault-rtpgen")
        subprocess.run([sys.executable, "-m", "bench.node", self.data], check=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for name in list(self.running):
            self.stop(name)

    def start(
        self, name: str, *, core: int = OURS, environment: Mapping[str, str] | None = None
    ) -> int:
        """Start `callvault recorder` or `worker` on a core; return its process id."""
        sets = [word for one in (*SETTINGS, *self.settings) for word in ("--set", one)]
        command = ["taskset", "-c", str(core), sys.executable, "-m", "callvault.commands", name]
        with (self.data / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [*command, "--data", self.data, "--set", f"sip.port={self.sip_port}", *sets],
                stderr=log,
                env={**os.environ, **(environment or {})},
            )
        if name == "recorder":
            self._await_sip()
        return self.running[name].pid

    def stop(self, name: str) -> None:
        """Stop a program as an operator does."""
        process = self.running.pop(name)
        process.send_signal(signal.SIGTERM)
        process.wait(120)

    def journals(self) -> int:
        """How many journals of calls lie in the spool."""
        return sum(not path.name.startswith("events") for path in self.spool.glob("*.cvj"))

    @property
    def spool(self) -> Path:
        """Where journals lie."""
        return self.data / "spool"

    def _await_sip(self) -> None:
        give_up_at = time.monotonic() + WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.sip_port), timeout=1).close()
            except OSError:
                if time.monotonic() > give_up_at:
                    sys.exit((self.data / "recorder.log").read_text())
                time.sleep(0.1)
            else:
                break

    def place(self, calls: int, rate: float, hold_ms: int = 500) -> Placed:
        """Place calls at a rate from the other core, and wait until all are over."""
        generator = self.generator(calls, rate, str(hold_ms))
        output, _ = generator.communicate()
        return Placed.read(output)

    @contextmanager
    def calls_in_progress(self, calls: int, rate: float) -> Iterator[Placed]:
        """Place calls that last as long as the block."""
        generator = self.generator(calls, rate, "keep")
        assert generator.stdout is not None
        try:
            yield Placed.read(generator.stdout.readline())
        finally:
            generator.send_signal(signal.SIGUSR1)
            generator.communicate()

    def generator(self, calls: int, rate: float, hold: str) -> "subprocess.Popen[str]":
        """Start `sipgen` on the other core."""
        content_type, content = call_body()
        binary = NATIVE / "target" / "release" / "callvault-sipgen"
        numbers = [self.sip_port, calls, rate, hold]
        generator = subprocess.Popen(
            ["taskset", "-c", str(OTHERS), binary, *map(str, numbers), content_type],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert generator.stdin is not None
        generator.stdin.write(content)
        generator.stdin.close()
        generator.stdin = None
        return generator


def call_body() -> tuple[str, str]:
    """Return type and text of an INVITE's body: an offer of two streams, and who is on them."""
    streams = [offer.OfferedStream(port, label) for port, label in ((40000, "1"), (40002, "2"))]
    sdp = offer.build(streams, address="127.0.0.1", session_id=1, version=1, codec=Codec.PCMU)
    parties = (
        metadata.ToldParty(UUID(int=1), UUID(int=2), "sip:+15550142@127.0.0.1", "", "1"),
        metadata.ToldParty(
            UUID(int=3), UUID(int=4), f"sip:{_ANN.extension}@127.0.0.1", _ANN.full_name, "2"
        ),
    )
    now = datetime.now(UTC)
    told = metadata.ToldCall(UUID(int=5), UUID(int=6), "CALLNUMB", now, parties)
    content_type, body = offer.body_of(sdp, metadata.build(told, now=now))
    return content_type, body.decode()


def build(package: str) -> None:
    """Compile a generator."""
    command = ["cargo", "build", "--release", "--locked", "--quiet", "-p", package]
    subprocess.run(command, cwd=NATIVE, check=True)


def cpu_s(pid: int) -> float:
    """CPU time of a process so far, kernel included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() // 1024


def free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
    ):
        udp.bind(("127.0.0.1", 0))
        port: int = udp.getsockname()[1]
        tcp.bind(("127.0.0.1", port))
        return port


def prepare(arguments: Sequence[str]) -> None:
    """Make a data folder whose calls belong to somebody."""
    from argparse import ArgumentParser

    from callvault.commands import chosen, demo, init

    parser = ArgumentParser()
    chosen.add_options(parser)
    options = parser.parse_args(["--data", *arguments])
    init.write_settings_file(chosen.settings_file(options))
    init.make_ready(chosen.choose(options))
    demo.create_people([_ANN])


if __name__ == "__main__":
    prepare(sys.argv[1:])


def sending(ports: Sequence[int], seconds: int, *, stdout: int) -> "subprocess.Popen[str]":
    """Send media to the ports, from the other core; what was sent is told on standard output."""
    generator = subprocess.Popen(
        ["taskset", "-c", str(OTHERS), _RTPGEN, str(seconds)],
        stdin=subprocess.PIPE,
        stdout=stdout,
        text=True,
    )
    assert generator.stdin is not None
    generator.stdin.write("\n".join(map(str, ports)))
    generator.stdin.close()
    generator.stdin = None
    return generator
