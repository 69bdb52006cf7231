"""What happens to a journal when the recorder's process is stopped, starved or killed."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callvault.spool import scan
from tests.capture.media import Content, read, rtp, udp_socket, wait_until

pytestmark = pytest.mark.flow


class Recorder:
    """tests/capture/child.py in a process of its own."""

    def __init__(self, folder: Path, **told: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.capture.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        answer = self.ask(json.dumps({"folder": str(folder), **told}))
        self.path, self.key = Path(answer["path"]), bytes.fromhex(answer["key"])
        self.ports: list[int] = answer["ports"]
        self.sender = udp_socket()

    def ask(self, line: str) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def send(self, number: int) -> None:
        """Send one packet to every stream."""
        for port in self.ports:
            self.sender.sendto(rtp(number), ("127.0.0.1", port))

    def send_for(self, seconds: float, *, first: int = 0) -> int:
        """Send every 20 ms, as phones do; return the next number."""
        began = time.monotonic()
        for number in range(first, first + round(seconds * 50)):
            time.sleep(max(0.0, began + (number - first) * 0.02 - time.monotonic()))
            self.send(number)
        return first + round(seconds * 50)

    def content(self) -> Content:
        return read(self.path, self.key)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.sender.close()


@pytest.fixture
def recorders() -> Iterator[list[Recorder]]:
    started: list[Recorder] = []
    yield started
    for recorder in started:
        recorder.end()


def test_a_process_stopped_for_two_seconds_loses_nothing(
    tmp_path: Path, recorders: list[Recorder]
) -> None:
    recorder = Recorder(tmp_path, streams=200)
    recorders.append(recorder)
    number = recorder.send_for(0.5)
    recorder.process.send_signal(signal.SIGSTOP)
    number = recorder.send_for(2.0, first=number)
    recorder.process.send_signal(signal.SIGCONT)
    number = recorder.send_for(0.5, first=number)
    figures = recorder.ask("close")
    assert (figures["packets"], figures["kernel_drops"]) == (200 * number, 0)
    packets = recorder.content().packets
    assert len(packets) == 200 * number
    for stream in (0, 99, 199):
        own = [packet.datagram for packet in packets if packet.stream == stream]
        assert own == [rtp(sent) for sent in range(number)]


def test_arrival_times_are_those_of_the_kernel_not_of_the_sweep(
    tmp_path: Path, recorders: list[Recorder]
) -> None:
    recorder = Recorder(tmp_path, streams=1)
    recorders.append(recorder)
    recorder.process.send_signal(signal.SIGSTOP)
    sent_ns = []
    for number in range(20):
        sent_ns.append(time.time_ns())
        recorder.send(number)
        time.sleep(0.02)
    recorder.process.send_signal(signal.SIGCONT)
    recorder.ask("close")
    arrivals = [packet.arrival_ns for packet in recorder.content().packets]
    late_ms = [(arrived - sent) / 1e6 for arrived, sent in zip(arrivals, sent_ns, strict=True)]
    assert min(late_ms) >= 0
    assert sorted(late_ms)[10] < 5  # the median: a busy machine may be late with a few


def test_a_killed_process_loses_at_most_a_second_and_a_half(
    tmp_path: Path, recorders: list[Recorder]
) -> None:
    recorder = Recorder(tmp_path, streams=2)
    recorders.append(recorder)
    recorder.send_for(3.0)
    recorder.process.kill()
    recorder.process.wait()
    killed_ns = time.time_ns()
    content = recorder.content()
    assert not content.ended
    assert [journal.is_live for journal in scan(tmp_path)] == [False]
    newest_ns = max(packet.arrival_ns for packet in content.packets)
    assert (killed_ns - newest_ns) / 1e9 < 1.5
    kept = [packet.datagram for packet in content.packets if packet.stream == 0]
    assert kept == [rtp(number) for number in range(len(kept))]


def test_a_full_disk_is_told_and_nothing_is_lost_when_there_is_room_again(
    tmp_path: Path, recorders: list[Recorder]
) -> None:
    recorder = Recorder(tmp_path, streams=4, file_bytes_at_most=60_000)
    recorders.append(recorder)
    number = recorder.send_for(3.5)
    full = recorder.ask("figures")
    assert full["alarms"] == ["write_failed"]
    assert full["unwritten_bytes"] > 0
    assert recorder.path.stat().st_size <= 60_000
    before = recorder.content().packets  # whole blocks only: no damage, no torn end
    assert 0 < len(before) < 4 * number
    recorder.ask("grow")
    seen: list[str] = []

    def has_recovered() -> bool:
        figures = recorder.ask("figures")
        seen.extend(figures["alarms"])
        return bool(figures["unwritten_bytes"] == 0)

    wait_until(has_recovered)
    assert seen == ["write_recovered"]
    recorder.ask("close")
    content = recorder.content()
    assert content.ended
    for stream in range(4):
        own = [packet.datagram for packet in content.packets if packet.stream == stream]
        assert own == [rtp(sent) for sent in range(number)]


def test_a_journal_ended_on_a_full_disk_stays_live_until_it_is_written(
    tmp_path: Path, recorders: list[Recorder]
) -> None:
    recorder = Recorder(tmp_path, streams=4, file_bytes_at_most=10_000)
    recorders.append(recorder)
    for number in range(100):
        recorder.send(number)
    recorder.ask("close")
    assert [journal.is_live for journal in scan(tmp_path)] == [True]
    recorder.ask("grow")
    wait_until(lambda: not scan(tmp_path)[0].is_live)
    content = recorder.content()
    assert content.ended
    assert len(content.packets) == 400
