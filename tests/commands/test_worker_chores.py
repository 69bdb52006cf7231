"""Chores of the worker: each in its time, and none stopped by another's failure."""

import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from callvault.commands.worker_chores import Chore, chores_of_vault, do_if_due
from callvault.errors import VaultError
from callvault.portal.configuration.deletion_ban import OBJECT, TEXT, marker_file
from callvault.portal.recordings.models import Tombstone
from callvault.vault import LocalStore


def test_a_chore_is_done_in_its_time() -> None:
    done: list[float] = []
    chore = Chore("count", 10.0, lambda: done.append(1.0) or 1)  # type: ignore[func-returns-value]
    for now_s in (100.0, 105.0, 110.0, 119.9):
        do_if_due(chore, now_s=now_s)
    assert len(done) == 2


@pytest.mark.parametrize(
    ("error", "level"), [(VaultError("away"), "WARNING"), (ValueError("ours"), "ERROR")]
)
def test_a_chore_that_fails_says_so_and_has_its_next_turn(
    caplog: pytest.LogCaptureFixture, error: Exception, level: str
) -> None:
    def fail() -> int:
        raise error

    chore = Chore("fail", 10.0, fail)
    with caplog.at_level(logging.WARNING):
        do_if_due(chore, now_s=5.0)
    assert [one.levelname for one in caplog.records] == [level]
    assert chore.not_before_s == 15.0


@pytest.mark.django_db
def test_a_worker_finishes_deletions_and_keeps_the_marker(
    tmp_path: Path, settings: pytest.FixtureRequest
) -> None:
    settings.DATA_FOLDER = tmp_path  # type: ignore[attr-defined]
    store = LocalStore(tmp_path / "vault")
    with store.create(OBJECT) as file:
        file.write(TEXT)
    marker_file().parent.mkdir()
    before = timezone.now() - timedelta(minutes=1)
    Tombstone.objects.create(
        recording_id="3fa2c1d0-5a7b-4c3e-9d1f-2b3c4d5e6f70",
        deleted_at=before,
        next_try_at=before,
        cause="by_hand",
    )
    for chore in chores_of_vault(store):
        do_if_due(chore, now_s=1000.0)
    assert Tombstone.objects.get().objects_gone_at is not None
    assert marker_file().exists()
    assert len(list(store.list("deleted/"))) == 1
