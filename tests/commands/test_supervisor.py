"""Keeping programs running, and stopping them in order."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from callvault.commands.supervisor import BackOff, Program, Supervisor

FOREVER = "import signal, time; signal.signal(signal.SIGTERM, lambda *_: exit(0))\n"


def program(name: str, code: str, *, grace_s: float = 10.0) -> Program:
    return Program(name, (sys.executable, "-c", code), grace_s)


def notes(path: Path, word: str) -> str:
    """Code that writes a word into a file."""
    return f"open({str(path)!r}, 'a').write({word!r} + chr(10))\n"


async def until(condition: Callable[[], bool]) -> None:
    """Wait for what is bound to happen; the test's own time-out is the bound."""
    while not condition():
        await asyncio.sleep(0.02)


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def test_the_pause_grows_to_a_bound_and_a_long_run_forgives() -> None:
    back_off = BackOff(first_s=1, longest_s=5, forgiven_after_s=60)
    assert [back_off.delay_after(2) for _ in range(5)] == [1, 2, 4, 5, 5]
    assert back_off.delay_after(61) == 1
    assert back_off.delay_after(2) == 2


async def _stop_in_order(path: Path) -> int:
    says = "import sys, time, signal\ndef bye(*_):\n    {}    sys.exit(0)\nsignal.signal(15, bye)\n"
    programs = [
        program(name, says.format(notes(path, name)) + notes(path, "up") + "while 1: time.sleep(9)")
        for name in ("first", "second", "third")
    ]
    supervisor = Supervisor(programs)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: lines(path) == ["up"] * 3)
    supervisor.stop()
    return await running


@pytest.mark.flow
def test_programs_are_stopped_in_the_order_given(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    assert asyncio.run(_stop_in_order(path)) == 0
    assert lines(path)[3:] == ["first", "second", "third"]


@pytest.mark.flow
def test_a_program_that_dies_is_started_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "notes"

    async def run() -> None:
        dying = program("dying", notes(path, "up") + "import os; os.kill(os.getpid(), 9)")
        supervisor = Supervisor([dying], back_off=BackOff(first_s=0.05))
        running = asyncio.create_task(supervisor.run())
        await until(lambda: len(lines(path)) >= 3)
        supervisor.stop()
        assert await running == 0

    asyncio.run(run())
    assert "dying ended (signal SIGKILL); starting it again in" in caplog.text


@pytest.mark.flow
def test_a_program_that_refuses_its_settings_stops_all(tmp_path: Path) -> None:
    path = tmp_path / "notes"
    good = program("good", FOREVER + notes(path, "up") + "while 1: time.sleep(9)")
    bad = program("bad", "import sys; sys.exit(2)")
    assert asyncio.run(Supervisor([good, bad]).run()) == 2


@pytest.mark.flow
def test_a_program_that_does_not_stop_is_ended(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "notes"

    async def run() -> None:
        deaf = "import signal, time; signal.signal(15, signal.SIG_IGN)\n"
        code = deaf + notes(path, "up") + "while 1: time.sleep(9)"
        supervisor = Supervisor([program("deaf", code, grace_s=0.2)])
        running = asyncio.create_task(supervisor.run())
        await until(lambda: lines(path) == ["up"])
        supervisor.stop()
        await running

    asyncio.run(run())
    assert "deaf did not stop within" in caplog.text


@pytest.mark.flow
def test_a_child_ends_when_its_supervisor_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    child = (
        "from callvault.commands.processes import follow_supervisor\n"
        "import os, time; follow_supervisor()\n"
        f"open({str(path)!r}, 'w').write(str(os.getpid()))\n"
        "while 1: time.sleep(9)"
    )
    parent = (
        "import asyncio, sys\n"
        "from callvault.commands.supervisor import Program, Supervisor\n"
        f"program = Program('child', (sys.executable, '-c', {child!r}), 1.0)\n"
        "asyncio.run(Supervisor([program]).run())\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", parent])
    try:
        while not (path.exists() and path.read_text()):
            time.sleep(0.02)
        pid = int(path.read_text())
    finally:
        supervisor.kill()
        supervisor.wait()
    while Path(f"/proc/{pid}").exists():
        time.sleep(0.02)
