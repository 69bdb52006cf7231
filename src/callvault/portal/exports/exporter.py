"""The reconciler of exports: what should be at the target and is not, in batches, by one worker.

A fault of the target stops the run and is told once, beside the settings; one of a recording is
told with it, and puts off that recording alone. Neither gives anything up that may still go.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from callvault.export import ExportTarget, FaultKind, TargetFault
from callvault.policy.export_list import ExportedFile
from callvault.portal.retention.rule import system_zone
from callvault.portal.subjects.erasure import under_erasure

from .asking import ask_missing, work_off_backfills
from .models import OPEN_STATES, ExportMode, ExportSettings, ExportState, RecordingExport
from .targets import PasswordSealed, target_of
from .turn import EVERY, Turn, TurnLost
from .writing import OTHER_NODE, Gone, RowFault, Writer

BATCH = 25
MOST_ODD = 3
"""Recordings in a row that are refused for a reason we do not know: then it is the target."""
RETRY_AFTER = tuple(timedelta(minutes=n) for n in (1, 2, 5, 15, 30, 60))

logger = logging.getLogger(__name__)

Opener = Callable[[ExportSettings], ExportTarget]
Written = tuple[RecordingExport, ExportedFile]


def run(turn: Turn, *, is_over: Callable[[], bool], open_target: Opener = target_of) -> int:
    """Export what waits, if it is time; return how many recordings were exported."""
    settings = ExportSettings.load()
    if settings.is_off or not turn.take():
        return 0
    try:
        ask_missing(settings, now=turn.now())
        work_off_backfills(now=turn.now())
        if settings.mode != ExportMode.ON:
            return 0
        return _Run(turn, settings, is_over, open_target).all_of_it()
    except TurnLost as lost:
        logger.warning("%s", lost)
        return 0
    finally:
        turn.end()


class _Run:
    """One run: batches until nothing is due, the target fails, or it is over."""

    def __init__(
        self, turn: Turn, settings: ExportSettings, is_over: Callable[[], bool], opener: Opener
    ) -> None:
        self._turn, self._settings = turn, settings
        self._is_over, self._opener = is_over, opener
        self._zone: ZoneInfo = system_zone()
        self._odd = 0
        self._exported = 0

    def all_of_it(self) -> int:
        """Do it; return how many recordings were exported."""
        if not self._due(1):
            if not RecordingExport.objects.filter(state__in=OPEN_STATES).exists():
                self._turn.is_well()
            return 0
        try:
            target = self._opener(self._settings)
            try:
                writer = Writer(target, self._settings.place, self._zone, self._turn)
                while not self._is_over() and self._is_still_on() and (rows := self._due(BATCH)):
                    self._batch(writer, rows)
            finally:
                target.close()
        except TargetFault as fault:
            kind = "sealed" if isinstance(fault, PasswordSealed) else fault.kind.value
            self._turn.failed(kind, str(fault))
        return self._exported

    def _due(self, most: int) -> list[RecordingExport]:
        rows = RecordingExport.objects.filter(next_try_at__lte=self._turn.now())
        rows = rows.select_related("recording").order_by("next_try_at", "pk")
        return list(rows[:most])

    def _is_still_on(self) -> bool:
        """Whether nobody changed the settings: another target, or none, is another run's."""
        row = ExportSettings.load()
        return row.mode == ExportMode.ON and row.version == self._settings.version

    def _batch(self, writer: Writer, rows: list[RecordingExport]) -> None:
        """Write the files, then the lists of their days, whatever stopped the files."""
        written: list[Written] = []
        erased = under_erasure([row.recording for row in rows])
        try:
            for row in rows:
                if row.recording_id in erased:
                    self._put_off(row, RowFault("erasure"))
                    continue
                self._write(writer, row, written)
        except TargetFault:
            _keep(written)
            raise
        self._list(writer, written)

    def _write(self, writer: Writer, row: RecordingExport, written: list[Written]) -> None:
        self._turn.beat()
        try:
            written.append((row, writer.write(row)))
        except Gone as gone:
            logger.info("%s", gone)
        except RowFault as fault:
            self._put_off(row, fault)
        except TargetFault as fault:
            self._odd += fault.kind is FaultKind.OTHER
            if fault.is_of_target and (fault.kind is not FaultKind.OTHER or self._odd >= MOST_ODD):
                _tell(row, fault)
                raise
            self._put_off(row, RowFault(fault.kind.value, str(fault)))
        else:
            self._odd = 0

    def _list(self, writer: Writer, written: list[Written]) -> None:
        by_folder: dict[str, list[Written]] = defaultdict(list)
        for row, file in written:
            by_folder[row.folder].append((row, file))
        for folder, some in by_folder.items():
            try:
                writer.list_files(folder, [file for _row, file in some])
            except TargetFault as fault:
                _keep(written)
                if fault.is_of_target:
                    raise
                for row, _file in some:
                    self._put_off(row, RowFault("list_in_use", str(fault)))
                continue
            self._done([row for row, _file in some])

    @transaction.atomic
    def _done(self, rows: Iterable[RecordingExport]) -> None:
        now, count = self._turn.now(), 0
        for row in rows:
            count += RecordingExport.objects.filter(pk=row.pk).update(
                state=ExportState.DONE, next_try_at=None, problem="", said="", exported_at=now,
                file_name=row.file_name, size_bytes=row.size_bytes, sha256=row.sha256,
            )  # fmt: skip
        self._turn.exported(count)
        self._exported += count

    def _put_off(self, row: RecordingExport, fault: RowFault) -> None:
        """Try one again later, or give it up."""
        now = self._turn.now()
        wait = RETRY_AFTER[min(row.attempts, len(RETRY_AFTER) - 1)]
        if fault.kind == OTHER_NODE:
            wait, self._turn.is_anothers = EVERY, True
        state = {"state": ExportState.FAILED, "next_try_at": None} if fault.is_final else {}
        is_there = RecordingExport.objects.filter(pk=row.pk).update(
            attempts=row.attempts + 1, problem=fault.kind[:32], said=fault.said[:300],
            **{"next_try_at": now + wait, **state},
        )  # fmt: skip
        if fault.is_final and is_there:
            logger.error("%s: not exported, given up: %s", row.public_id, fault.kind)


def _tell(row: RecordingExport, fault: TargetFault) -> None:
    """Say with a recording what is wrong with the target: it goes as soon as that is mended."""
    rows = RecordingExport.objects.filter(pk=row.pk)
    rows.update(problem=fault.kind.value, said=str(fault)[:300])


def _keep(written: Iterable[Written]) -> None:
    """Remember which files stand at the target: their lists are to be written yet."""
    for row, _file in written:
        RecordingExport.objects.filter(pk=row.pk, state=ExportState.LEAVING).update(
            state=ExportState.NAMED, file_name=row.file_name,
            size_bytes=row.size_bytes, sha256=row.sha256,
        )  # fmt: skip
