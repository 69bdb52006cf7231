"""The native module: that it is the one to ship, and that its stub tells the truth."""

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from callvault import _native
from callvault.capture import ReceiverStats, StreamCounters

ROOT = Path(__file__).parents[2]


def test_it_is_built_for_release() -> None:
    assert _native.build_profile == "release"


@pytest.mark.flow
def test_its_stub_is_true(tmp_path: Path) -> None:
    settings = tmp_path / "mypy.ini"
    settings.write_text(f"[mypy]\nmypy_path = {ROOT / 'src'}\ncache_dir = {tmp_path / 'cache'}\n")
    command = [sys.executable, "-m", "mypy.stubtest", "callvault._native"]
    command += ["--mypy-config-file", str(settings)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


def test_its_figures_are_those_that_python_names() -> None:
    stub = (ROOT / "src" / "callvault" / "_native.pyi").read_text()
    for field in (*fields(ReceiverStats), *fields(StreamCounters)):
        assert f"    {field.name}: " in stub
