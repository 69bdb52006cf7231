"""Export switched on, and recordings to export."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from callvault.portal.configuration.models import SystemSettings
from callvault.portal.exports.exporter import run
from callvault.portal.exports.models import ExportMode, ExportSettings
from callvault.portal.exports.turn import Turn
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import STARTED, Spoken, list_recording
from tests.portal.sealing import seal_audio

from .memory_target import MemoryTarget

AUDIO = b"ID3" + bytes(range(256)) * 40
NOW = datetime(2036, 1, 1, tzinfo=UTC)  # after whatever was asked for in a test


@pytest.fixture
def switched_on(db: None) -> ExportSettings:
    """Export is on, since before the recordings of tests; the system's zone is Rome's."""
    SystemSettings.objects.update_or_create(defaults={"zone": "Europe/Rome"})
    row = ExportSettings(
        mode=ExportMode.ON,
        place=r"\\files\calls",
        username="exporter",
        enabled_at=STARTED - timedelta(days=1),
    )
    row.password = "a password of the tests"
    row.save()
    return row


@pytest.fixture
def target() -> MemoryTarget:
    return MemoryTarget()


@pytest.fixture
def sealed(ann: User, switched_on: ExportSettings, data_folder: Path) -> Recording:
    """A recording of Ann's with sound, that waits for its export."""
    return another(ann, data_folder)


def another(owner: User, data_folder: Path, spoken: Spoken | None = None) -> Recording:
    """List one more, with sound."""
    return seal_audio(list_recording(owner, spoken), data_folder, AUDIO)


def export(target: MemoryTarget, *, now: datetime = NOW, holder: str = "worker 1") -> int:
    """Let a worker do what is to be done; return how many recordings were exported."""
    turn = Turn(holder, lambda: now)
    return run(turn, is_over=lambda: False, open_target=lambda _settings: target)
