"""The units fit the programs, and ask for no more rights than those need."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from callvault.commands.main import COMMANDS, new_parser
from callvault.commands.serve import GRACE_S
from callvault.commands.worker import LONGEST_DRAIN_S

FOLDER = Path(__file__).parents[2] / "packaging/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
MOST_EXPOSED = 20  # of 100, as systemd-analyze counts
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)


class Unit(configparser.RawConfigParser):
    """One unit file; names keep their case."""

    def __init__(self, path: Path) -> None:
        super().__init__(strict=True)
        self.read(path)

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@each_unit
def test_a_unit_starts_a_command_that_there_is(unit: Path) -> None:
    command = Unit(unit)["Service"]["ExecStart"].split()[1:]
    assert command[0] in COMMANDS
    new_parser().parse_args(command)


@each_unit
def test_a_unit_waits_for_ready_is_watched_and_always_started_again(unit: Path) -> None:
    service = Unit(unit)["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert int(service["WatchdogSec"]) >= 20
    assert service["RestartPreventExitStatus"] == "2"


def test_programs_have_the_time_to_stop_that_they_take() -> None:
    times = {unit.stem: int(Unit(unit)["Service"]["TimeoutStopSec"]) for unit in UNITS}
    assert times["callvault"] > sum(GRACE_S.values())
    assert times["callvault-recorder"] > GRACE_S["recorder"]
    assert times["callvault-worker"] > LONGEST_DRAIN_S


@each_unit
def test_a_unit_has_no_rights_beyond_its_state(unit: Path) -> None:
    service = Unit(unit)["Service"]
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"] == ""
    assert service["NoNewPrivileges"] == "yes"
    assert (service["ProtectSystem"], service["StateDirectory"]) == ("strict", "callvault")


@needs_systemd
@each_unit
def test_systemd_reads_a_unit_without_complaint(unit: Path, tmp_path: Path) -> None:
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.M)
    copy = tmp_path / unit.name
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", str(copy)], check=False, capture_output=True, text=True
    )
    complaints = [line for line in done.stderr.splitlines() if unit.name in line]
    assert complaints == []


@needs_systemd
@each_unit
def test_systemd_finds_a_unit_little_exposed(unit: Path) -> None:
    done = subprocess.run(
        [
            "systemd-analyze",
            "security",
            "--offline=true",
            f"--threshold={MOST_EXPOSED}",
            str(unit),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-400:]
