"""Following the chain in the database: by the worker in small steps, by the command at once."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import Exists, OuterRef

from . import anchor, chain
from .chain import Finding, Kind, Problem, PublicKeys, Walk
from .linking import content_of, statement_of
from .models import AuditEntry, ChainLink, ChainState, ChainStatement, Unchained

LINKS_A_STEP = 2000
ENTRIES_A_STEP = 5000


def trusted_start(state: ChainState, keys: PublicKeys) -> Walk:
    """Return a walk at the chain's beginning, or at the last cut that is signed."""
    walk = Walk(str(state.chain), keys)
    for row in ChainStatement.objects.filter(kind=Kind.CUT).order_by("-sequence", "-id"):
        cut = statement_of(row)
        if cut.chain == walk.chain and not walk.problem_of_signature(cut):
            walk.sequence, walk.digest = cut.sequence, cut.digest
            walk.signed_up_to, walk.signed_at = cut.sequence, cut.at
            break
    return walk


@dataclass(slots=True)
class Round:
    """One pass over the chain, step by step; `findings` are those of the last step."""

    walk: Walk
    head_file: Path | None  # of this node; None: it keeps none
    entry_id: int = 0  # entries were looked at up to here
    is_over: bool = False
    findings: list[Finding] = field(default_factory=list)

    def step(self, links: int = LINKS_A_STEP, entries: int = ENTRIES_A_STEP) -> None:
        """Follow so many links and look for the links of so many entries."""
        # Read before the links: what is signed meanwhile is about links that this step has not.
        last_signed = ChainStatement.objects.order_by("-sequence").values_list("sequence").first()
        head = anchor.read(self.head_file) if self.head_file else None
        rows = list(
            ChainLink.objects.filter(sequence__gt=self.walk.sequence).order_by("sequence")[:links]
        )
        self.findings = list(self._followed(rows))
        all_entries = self._look_at_entries(entries)
        if len(rows) < links and all_entries:
            self.is_over = True
            self.findings += self.walk.end(last_signed[0] if last_signed else 0)
            self.findings += _of_head(head, self.walk)
            self.findings += _waiting_for_nothing()

    def _followed(self, rows: Sequence[ChainLink]) -> Iterator[Finding]:
        first = self.walk.sequence
        statements = _statements(first, rows[-1].sequence if rows else first)
        for statement in statements[first]:
            yield from self.walk.statement(statement_of(statement))
        entries = AuditEntry.objects.in_bulk([row.entry_id for row in rows])
        for row in rows:
            entry = entries.get(row.entry_id)
            content = content_of(entry) if entry is not None else None
            yield from self.walk.link(
                row.sequence, row.entry_id, content, bytes(row.content), bytes(row.digest)
            )
            for statement in statements[row.sequence]:
                yield from self.walk.statement(statement_of(statement))

    def _look_at_entries(self, limit: int) -> bool:
        """Find entries that never entered the chain; return whether these were the last."""
        ahead = AuditEntry.objects.filter(pk__gt=self.entry_id).order_by("pk")
        ids = list(ahead.values_list("pk", flat=True)[:limit])
        if ids:
            loose = ahead.filter(pk__lte=ids[-1], link__isnull=True, unchained__isnull=True)
            self.findings += [
                _inserted(entry_id) for entry_id in loose.values_list("pk", flat=True)
            ]
            self.entry_id = ids[-1]
        return len(ids) < limit


def _statements(first: int, last: int) -> dict[int, list[ChainStatement]]:
    found: dict[int, list[ChainStatement]] = defaultdict(list)
    for row in ChainStatement.objects.filter(sequence__range=(first, last)).order_by("id"):
        found[row.sequence].append(row)
    return found


def _inserted(entry_id: int) -> Finding:
    text = f"entry {entry_id} stands in the log and never entered the chain"
    return Finding(Problem.INSERTED, None, entry_id, text)


def _waiting_for_nothing() -> Iterator[Finding]:
    there = AuditEntry.objects.filter(pk=OuterRef("pk"))
    for row in Unchained.objects.filter(~Exists(there))[:100]:
        text = f"entry {row.pk} is gone: it was removed before it entered the chain"
        yield Finding(Problem.REMOVED, None, row.pk, text)


def _of_head(head: chain.Statement | None, walk: Walk) -> Iterator[Finding]:
    problem = head and problem_of_head(head, walk)
    if problem:
        yield problem


def problem_of_head(head: chain.Statement, walk: Walk) -> Finding | None:
    """Compare what the node remembers with the chain; None: it goes on from there."""
    if head.sequence < walk.sequence - walk.links:
        return None  # retention removed that place since, and signed it
    row = ChainLink.objects.filter(sequence=head.sequence).first()
    digest = bytes(row.digest) if row is not None else None
    if head.sequence == 0:
        digest = chain.genesis_digest(walk.chain)
    return anchor.problem_of(head, chain_id=walk.chain, last=walk.sequence, digest=digest)
