"""Compares what the catalogue lists with what the vault holds, both ways.

Each recording listed is checked (`recording_check`); what no row speaks of is found by walking
the store. Memory grows with neither, up to a bound of findings. Nothing is changed.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from uuid import UUID

from callvault.vault.envelope import PrivateKeys
from callvault.vault.findings import MAX_FINDINGS, Finding, Found, Listed, Report
from callvault.vault.objects import folder_of, recording_of
from callvault.vault.recording_check import RecordingCheck
from callvault.vault.store import Store

_AT_ONCE = 500  # folders asked for in one go
_OF_THE_SYSTEM = ("deleted/", "policy/")  # tombstones, and what can never be undone


@dataclass(frozen=True, slots=True)
class Verification:
    """Checks recordings of one store against the catalogue; the report grows with each.

    `still_listed` returns which of some recordings the catalogue lists now: between its answer
    and the look into the store a recording may be listed or deleted, which is nothing wrong.
    `speaks_of` reads from a sidecar whose recording it is; raises ValueError.
    """

    store: Store
    keyring: PrivateKeys
    still_listed: Callable[[Iterable[UUID]], set[UUID]]
    speaks_of: Callable[[bytes], UUID]
    report: Report = field(default_factory=Report)
    suspects: dict[UUID, str] = field(default_factory=dict)  # whole, in no row when last asked

    def check(self, listed: Listed) -> None:
        """Check one recording."""
        checked = RecordingCheck(self.store, listed).run(self.keyring, self.speaks_of)
        if checked.found and listed.recording_id not in self.still_listed([listed.recording_id]):
            return  # deleted meanwhile, and rightly so
        self.report.recordings += 1
        self.report.objects += len(listed.objects)
        self.report.size_bytes += listed.size_bytes
        self.report.opened += checked.is_opened
        if checked.locked_to:
            self.report.locked[checked.locked_to] += 1
        for one in checked.found:
            self.report.add(one)

    def check_orphans(self) -> Iterator[int]:
        """Find what lies in the store and is not listed; yield how many folders were looked at.

        What is whole but in no row is a suspect only: `settle_suspects` has the last word.
        """
        folders = groupby(self.store.list(), key=lambda name: name.rpartition("/")[0])
        self.report.folders = 0
        while some := [(folder, list(names)) for folder, names in islice(folders, _AT_ONCE)]:
            self._check_folders(some)
            self.report.folders += len(some)
            yield self.report.folders

    def settle_suspects(self) -> None:
        """Ask once more for what was in no row: a worker lists a recording after sealing it."""
        for recording_id in self.suspects.keys() - self.still_listed(self.suspects):
            if any(True for _ in self.store.list(folder_of(recording_id))):
                self._add_unlisted(recording_id, self.suspects[recording_id])
        self.suspects.clear()

    def _check_folders(self, folders: list[tuple[str, list[str]]]) -> None:
        of_recordings: dict[UUID, tuple[str, list[str]]] = {}
        for folder, names in folders:
            recording_id = recording_of(folder)
            if recording_id is not None:
                of_recordings[recording_id] = (folder, names)
                continue
            if f"{folder}/".startswith(_OF_THE_SYSTEM):
                continue
            for name in names:
                self.report.add(Found(Finding.STRANGE, name, "is no object of a recording"))
        for recording_id in of_recordings.keys() - self.still_listed(of_recordings):
            self._suspect(recording_id, *of_recordings[recording_id])

    def _suspect(self, recording_id: UUID, folder: str, names: list[str]) -> None:
        """Deal with a folder that is in no row: whole, or begun only."""
        if not any(name.startswith(f"{folder}/sidecar.") for name in names):
            problem = "begun and not finished: the worker does it again"
            self.report.add(Found(Finding.UNFINISHED, folder, problem, recording_id))
        elif len(self.suspects) < MAX_FINDINGS:
            self.suspects[recording_id] = folder
        else:
            self._add_unlisted(recording_id, folder)

    def _add_unlisted(self, recording_id: UUID, folder: str) -> None:
        problem = "whole in the store, but in no row of the catalogue"
        self.report.add(Found(Finding.UNLISTED_RECORDING, folder, problem, recording_id))
