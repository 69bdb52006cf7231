"""How a directory and a run are, for pages: sentences, counts, and what needs somebody."""

from dataclasses import dataclass

import msgspec
from django.utils.translation import gettext as _

from .models import DirectoryRun, DirectorySource, RunState
from .planning import Row, RowKind
from .runs import newest_run
from .wording import Told, fault_told, number, share_told

KINDS = (
    RowKind.ERROR,
    RowKind.DELETE,
    RowKind.DEACTIVATE,
    RowKind.CREATE,
    RowKind.ADOPT,
    RowKind.CHANGE,
)
"""In the order in which somebody wants to look at them."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """A directory in the list."""

    source: DirectorySource
    people: int
    run: DirectoryRun | None
    told: str


@dataclass(frozen=True, slots=True)
class KindCount:
    """How many people a run changes in one way."""

    kind: str
    label: str
    count: int


def states_of(sources: list[DirectorySource]) -> list[SourceState]:
    """Return how each directory is."""
    return [state_of(source) for source in sources]


def state_of(source: DirectorySource) -> SourceState:
    """Return how a directory is."""
    run = newest_run(source)
    return SourceState(source, source.people.count(), run, run_told(run) if run else "")


def run_told(run: DirectoryRun) -> str:
    """Return what became of a run in one line."""
    if run.state == RunState.FAILED:
        return fault_of(run).what
    if run.state == RunState.STOPPED:
        return stop_told(run)
    if run.state == RunState.READING and run.read_count:
        return _("%(count)s people read") % {"count": number(run.read_count)}
    if run.state == RunState.APPLYING and run.total_count:
        told = {"done": number(run.done_count), "total": number(run.total_count)}
        return _("%(done)s of %(total)s people changed") % told
    if run.is_open or run.state == RunState.CANCELLED:
        return ""
    return ", ".join(counts_told(run))


def counts_told(run: DirectoryRun) -> list[str]:
    """Return what a run did, or would do, part by part."""
    parts = [f"{one.label}: {number(one.count)}" for one in kind_counts(run) if one.count]
    unchanged = run.count(RowKind.UNCHANGED)
    if unchanged or not parts:
        parts.append(f"{kind_label(RowKind.UNCHANGED)}: {number(unchanged)}")
    return parts


def kind_counts(run: DirectoryRun) -> list[KindCount]:
    """Return each way of changing people that a run has."""
    label = kind_label if is_applied(run) else planned_label
    return [KindCount(kind, label(kind), run.count(kind)) for kind in KINDS if run.count(kind)]


def is_applied(run: DirectoryRun) -> bool:
    """Whether the table says what was done, rather than what would be."""
    return run.state not in (RunState.PREVIEWED, RunState.STOPPED)


def planned_label(kind: str) -> str:
    """Return what would become of people, in a word or two."""
    return {
        RowKind.CREATE: _("To add"),
        RowKind.ADOPT: _("To adopt"),
        RowKind.CHANGE: _("To change"),
        RowKind.UNCHANGED: _("Unchanged"),
        RowKind.DEACTIVATE: _("To deactivate"),
        RowKind.DELETE: _("To delete"),
        RowKind.ERROR: _("Cannot be taken"),
    }[RowKind(kind)]


def kind_label(kind: str) -> str:
    """Return what became of people, in a word."""
    return {
        RowKind.CREATE: _("Added"),
        RowKind.ADOPT: _("Adopted"),
        RowKind.CHANGE: _("Changed"),
        RowKind.UNCHANGED: _("Unchanged"),
        RowKind.DEACTIVATE: _("Deactivated"),
        RowKind.DELETE: _("Deleted"),
        RowKind.ERROR: _("Not taken"),
    }[RowKind(kind)]


def rows_of(run: DirectoryRun) -> list[Row]:
    """Return a run's table; one that another version wrote is as good as empty."""
    try:
        return msgspec.convert(run.rows, list[Row])
    except msgspec.ValidationError:
        return []


def fault_of(run: DirectoryRun) -> Told:
    """Return why a run failed."""
    return fault_told(run.fault_code, run.fault_values)


def stop_told(run: DirectoryRun) -> str:
    """Return why a run was stopped for safety."""
    removed = sum(1 for row in rows_of(_with_rows(run)) if row.removes)
    return share_told(removed, run.linked_count, run.source.max_removed_percent)


def _with_rows(run: DirectoryRun) -> DirectoryRun:
    return run if "rows" not in run.get_deferred_fields() else DirectoryRun.objects.get(pk=run.pk)


@dataclass(frozen=True, slots=True)
class Attention:
    """What a dashboard shows of directories: the sentence, and the run that it is about."""

    tone: str  # red or amber
    strong: str
    text: str
    run: DirectoryRun


def attention() -> list[Attention]:
    """Return directories whose last sync was stopped or failed; empty: all is well."""
    found = []
    for source in DirectorySource.objects.all():
        run = source.runs.filter(purpose="sync").select_related("source").first()
        if run is not None and run.state == RunState.STOPPED:
            strong = _("%(name)s: sync stopped for safety.") % {"name": source.name}
            found.append(Attention("amber", strong, stop_told(run), run))
        elif run is not None and run.state == RunState.FAILED:
            strong = _("%(name)s could not be read.") % {"name": source.name}
            told = fault_of(run)
            found.append(Attention("amber", strong, f"{told.what} {told.advice}".strip(), run))
    return found
