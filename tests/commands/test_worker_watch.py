"""What is shown of a worker, with the catalogue there and away."""

from pathlib import Path

import pytest

from callvault.commands import worker_watch
from callvault.commands.watch import Watch
from callvault.commands.worker_watch import WorkerWatch
from callvault.finalise.figures import Progress
from callvault.monitoring import Notifier
from callvault.monitoring.disk import DiskUsage
from callvault.spool.entries import NodeEvent


class Catalogue:
    """Takes reports and events, unless it is away."""

    def __init__(self) -> None:
        self.is_away = False
        self.events: list[str] = []
        self.reports = 0

    def tell(self, event: NodeEvent) -> None:
        if self.is_away:
            raise ConnectionError("away")
        self.events.append(event.kind)

    def report(self, watch: WorkerWatch) -> None:
        if self.is_away:
            raise ConnectionError("away")
        self.reports += 1


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue()


@pytest.fixture
def watch(tmp_path: Path, catalogue: Catalogue) -> WorkerWatch:
    shown = Watch("worker", "127.0.0.1", 0, 900.0, Notifier(""))
    return WorkerWatch(
        shown,
        spool_folder=tmp_path,
        vault_folder=tmp_path,
        tell=catalogue.tell,
        report=catalogue.report,
    )


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> list[DiskUsage]:
    usages = [DiskUsage(50, 100)]
    monkeypatch.setattr(worker_watch, "usage_of", lambda folder: usages[-1])
    return usages


def test_a_vault_that_fills_is_told_once(
    watch: WorkerWatch, catalogue: Catalogue, disk: list[DiskUsage]
) -> None:
    for free in (50, 15, 14, 60):
        disk.append(DiskUsage(free, 100))
        watch.look()
    assert catalogue.events == ["vault_filling", "vault_filling_over"]
    assert catalogue.reports == 4


def test_what_a_catalogue_missed_it_is_told_when_it_is_back(
    watch: WorkerWatch,
    catalogue: Catalogue,
    disk: list[DiskUsage],
    caplog: pytest.LogCaptureFixture,
) -> None:
    catalogue.is_away = True
    disk.append(DiskUsage(10, 100))
    for _ in range(3):
        watch.look()
    assert len(caplog.records) == 1
    catalogue.is_away = False
    watch.look()
    assert catalogue.events == ["vault_filling"]


def test_a_vault_that_takes_nothing_makes_the_worker_unready_and_not_dead(
    watch: WorkerWatch, disk: list[DiskUsage]
) -> None:
    watch.progressed(Progress(1, 1, "no space left"))
    watch.look()
    assert watch.watch.board.not_ready == "no space left"
    assert watch.watch.board.trouble == ""
    assert watch.status == "waiting for the vault, 0 journals wait"
