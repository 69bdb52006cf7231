"""The vault goes away in four ways: recordings wait on the spool, and move when it is back."""

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from callvault.finalise.benches import Benches
from callvault.finalise.figures import Progress
from callvault.finalise.store_gate import StoreGate
from callvault.finalise.worker import Worker
from callvault.policy.decision import Verdict
from callvault.vault import LocalStore, RecordingObjects
from callvault.vault.local import FileCalls
from tests.finalise.bench import FakeCatalogue, Node
from tests.finalise.test_worker import call, spooled

pytestmark = pytest.mark.flow


class IllDisk(FileCalls):
    """A disk that refuses with an error of its own, or takes its time."""

    def __init__(self) -> None:
        self.refuses_with = 0
        self.slow_by_s = 0.0

    def write(self, descriptor: int, data: bytes | memoryview) -> int:
        time.sleep(self.slow_by_s)
        if self.refuses_with:
            raise OSError(self.refuses_with, os.strerror(self.refuses_with))
        return super().write(descriptor, data)


@contextmanager
def refusing(disk: IllDisk, error: int) -> Iterator[None]:
    disk.refuses_with = error
    yield
    disk.refuses_with = 0


@contextmanager
def moved_away(folder: Path) -> Iterator[None]:
    elsewhere = folder.with_name("elsewhere")
    folder.rename(elsewhere)
    yield
    elsewhere.rename(folder)


class Outage:
    """A worker on a vault that can be made ill."""

    def __init__(self, node: Node, folder: Path) -> None:
        self.node = node
        self.catalogue = FakeCatalogue()
        self.vault = folder / "vault"
        self.disk = IllDisk()
        node.store = LocalStore(self.vault, calls=self.disk)
        node.objects = RecordingObjects(node.store)
        bench = node.bench()
        self.told: list[Progress] = []
        self.worker = Worker(
            node.spool,
            "callvault-1",
            self.catalogue,
            bench,
            Benches(bench, 1),
            StoreGate(node.store.probe),
            self.told.append,
        )

    def kinds(self) -> list[str]:
        return [one.kind for one in self.catalogue.node_events]


@pytest.fixture
def outage(node: Node, tmp_path: Path) -> Iterator[Outage]:
    outage = Outage(node, tmp_path)
    yield outage
    outage.worker.close()


ILLNESSES: dict[str, Callable[[Outage], object]] = {
    "gone": lambda outage: moved_away(outage.vault),
    "full": lambda outage: refusing(outage.disk, errno.ENOSPC),
    "read-only": lambda outage: refusing(outage.disk, errno.EROFS),
}


@pytest.mark.parametrize("illness", ILLNESSES)
def test_recordings_wait_for_a_vault_that_takes_nothing_and_all_move_when_it_is_back(
    outage: Outage, illness: str
) -> None:
    ids = [spooled(outage.node, call()) for _ in range(3)]
    ill = ILLNESSES[illness](outage)
    assert hasattr(ill, "__enter__")
    assert hasattr(ill, "__exit__")
    with ill:
        for now_s in (0, 1, 5, 20):
            assert outage.worker.run_once(now_s=now_s) == 0
        assert len(list(outage.node.spool.glob("*.cvj"))) == 3
        assert outage.worker.gate.trouble != ""
        # One journal found out, with its reason; the others are not shown as failed.
        (failed,) = outage.catalogue.calls.values()
        assert (failed.verdict, failed.problem != "") == (Verdict.FAILED, True)
    assert outage.worker.run_once(now_s=200) == 3
    assert {outage.catalogue.calls[one].verdict for one in ids} == {Verdict.RECORDED}
    assert len(outage.catalogue.recordings) == 3
    assert list(outage.node.spool.glob("*.cvj")) == []
    assert outage.kinds() == ["vault_unreachable", "vault_recovered"]


def test_a_slow_vault_is_waited_for_and_nothing_fails(outage: Outage) -> None:
    spooled(outage.node, call())
    outage.disk.slow_by_s = 0.05
    assert outage.worker.run_once(now_s=0) == 1
    assert outage.kinds() == []


def test_a_full_disk_of_the_vault_is_told_to_those_who_watch(outage: Outage) -> None:
    spooled(outage.node, call())
    with refusing(outage.disk, errno.ENOSPC):
        outage.worker.run_once(now_s=0)
        outage.worker._tell()
    assert outage.told[-1].store_trouble != ""
    assert (outage.told[-1].retrying, outage.told[-1].failures) == (1, 1)
