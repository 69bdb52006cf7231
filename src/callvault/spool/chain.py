"""Journals that a restart of the recorder cut in pieces: one call, several files, one recording.

The id of a piece follows from the id of the one before it, so that a folder's names alone say
which belong together; the header's `continues` says it under seal. A checkpoint beside a piece
says that its recorder may come back and go on. Likewise the two journals of a call whose voices
come in two dialogs (CUCM): the second one's id follows from the first one's, `twin_of` says it.
The rest of a call that grew too long, a recording of its own, is found by `rest_of`.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

from callvault.spool.claims import claim
from callvault.spool.folder import (
    SpooledJournal,
    erase,
    journal_path,
    quarantine,
    remove,
    sync_folder,
)
from callvault.spool.format import BLOCK_HEAD, TAG_BYTES, BlockKind

MAX_PIECES = 1_000
CHECKPOINT_SUFFIX = ".ckpt"
_SETTLED_SUFFIX = ".listed"
_NAMESPACE = UUID("0b1d5f4e-4a54-4f38-9d0b-6a8a0c7b6c55")
_REST_NAMESPACE = UUID("7e0c6f5a-43a9-4a8c-9f45-0d8f6f2f1b9e")
_TWIN_NAMESPACE = UUID("c1a7a0f3-52c7-4b9e-8f0e-9f7f0d3f2a41")


@dataclass(frozen=True, slots=True)
class Chain:
    """The pieces of one call's journal, first to last; nearly always one."""

    pieces: tuple[SpooledJournal, ...]
    twin: "Chain | None" = None  # of the dialog that carries the call's other voice

    @property
    def first(self) -> SpooledJournal:
        """The piece that the call began with: its id names the call."""
        return self.pieces[0]

    @property
    def is_live(self) -> bool:
        """Whether a recorder writes to any piece."""
        return any(one.is_live for one in self.pieces) or (
            self.twin is not None and self.twin.is_live
        )

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files, first to last; not those of the twin."""
        return tuple(piece.path for piece in self.pieces)

    @property
    def twin_paths(self) -> tuple[Path, ...]:
        """Files of the twin, likewise."""
        return self.twin.paths if self.twin is not None else ()

    def checkpoint_age_ns(self, *, now_ns: int) -> int | None:
        """Time since a recorder last wrote to the call, if one may still come back for it."""
        ages = [one._own_checkpoint_age_ns(now_ns) for one in self._both]
        return min((one for one in ages if one is not None), default=None)

    def _own_checkpoint_age_ns(self, now_ns: int) -> int | None:
        newest = [one for piece in self.pieces if (one := _modified_ns(piece)) is not None]
        if not newest:
            return None
        return now_ns - max(*newest, *(piece.modified_ns for piece in self.pieces))

    @property
    def was_continued(self) -> bool:
        """Whether a recorder has gone on with the call since the folder was looked at.

        It makes the next piece before it takes the old checkpoint away: whoever finds neither a
        checkpoint nor, after that, a next piece knows that nobody comes back. A twin is made while
        the first dialog lives.
        """
        last, folder = self.pieces[-1], self.first.path.parent
        if journal_path(folder, continuation_of(last.journal_id)).exists():
            return True
        if self.twin is not None:
            return self.twin.was_continued
        return journal_path(folder, twin_of(self.first.journal_id)).exists()

    @property
    def _both(self) -> "tuple[Chain, ...]":
        return (self,) if self.twin is None else (self, self.twin)

    def give_up_waiting(self) -> None:
        """Take the checkpoints away: no recorder goes on with the call from here."""
        for piece in (piece for one in self._both for piece in one.pieces):
            checkpoint_path(piece.path.parent, piece.journal_id).unlink(missing_ok=True)


def checkpoint_path(folder: Path, journal_id: UUID) -> Path:
    """Return where the checkpoint of a journal lies."""
    return folder / f"{journal_id.hex}{CHECKPOINT_SUFFIX}"


def continuation_of(journal_id: UUID) -> UUID:
    """Return the id of the journal that goes on where this one was cut off."""
    return uuid5(_NAMESPACE, journal_id.hex)


def twin_of(journal_id: UUID) -> UUID:
    """Return the id of the journal that has the other voice of a call begun in this one."""
    return uuid5(_TWIN_NAMESPACE, journal_id.hex)


def rest_of(journal_id: UUID) -> UUID:
    """Return the id of the journal that records the rest of a call which grew too long."""
    return uuid5(_REST_NAMESPACE, journal_id.hex)


def has_rest(folder: Path, journal_id: UUID) -> bool:
    """Whether a recording of the rest of a journal's call is in progress, or not finished yet.

    What follows a call of two dialogs is named by the journal of the first, which may be missing.
    """
    rest = rest_of(journal_id)
    return any(journal_path(folder, one).exists() for one in (rest, twin_of(rest)))


def last_piece(folder: Path, journal_id: UUID) -> UUID:
    """Follow a chain by its names to the last piece that lies in the folder."""
    for _ in range(MAX_PIECES):
        following = continuation_of(journal_id)
        if not journal_path(folder, following).exists():
            break
        journal_id = following
    return journal_id


def chains(journals: Iterable[SpooledJournal]) -> list[Chain]:
    """Join what belongs together, in the order of `journals` by their first pieces."""
    by_id = {one.journal_id: one for one in journals}
    following = {one: continuation_of(one) for one in by_id}
    later = {one for one in following.values() if one in by_id}
    found = {one: Chain(tuple(_pieces(one, by_id, following))) for one in by_id if one not in later}
    twins = {one: twin for one in found if (twin := twin_of(one)) in found}
    second = frozenset(twins.values())
    return [
        replace(chain, twin=found[twins[one]]) if one in twins else chain
        for one, chain in found.items()
        if one not in second
    ]


def has_end(path: Path) -> bool:
    """Whether a journal's last block says that it is whole. Needs no key, so proves nothing."""
    try:
        with path.open("rb") as file:
            file.seek(-(BLOCK_HEAD.size + TAG_BYTES), os.SEEK_END)
            length, kind, _ = BLOCK_HEAD.unpack(file.read(BLOCK_HEAD.size))
    except (OSError, ValueError):
        return False
    return bool(length == TAG_BYTES and kind == BlockKind.END)


def settle(chain: Chain, *, keep: bool = False, destroy: bool = False) -> None:
    """Let the pieces go whose recordings are listed: all, even if interrupted half-way.

    `keep` sets them aside instead, as `quarantine` does; `destroy` overwrites their keys first. A
    part of a chain must never be taken for a whole call, nor a journal without its key for a
    damaged one, so that these first get a note that says what is being done.
    """
    if len(chain.pieces) == 1 and chain.twin is None and not destroy:
        (quarantine if keep else remove)(chain.first.path)
        return
    note = chain.first.path.with_suffix(_SETTLED_SUFFIX)
    fresh = note.with_suffix(f"{_SETTLED_SUFFIX}.new")
    with fresh.open("wb") as file:
        file.write(b"destroy" if destroy else b"keep" if keep else b"remove")
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(note)
    sync_folder(note.parent)
    _carry_out(note)


def resume_settling(folder: Path) -> None:
    """Finish what `settle` began and a crash interrupted; not what another worker is at."""
    for note in folder.glob(f"*{_SETTLED_SUFFIX}"):
        held = claim(folder, UUID(hex=note.stem))
        if held is None:
            continue
        try:
            _carry_out(note)
        except FileNotFoundError:
            continue  # its worker was done just before
        finally:
            held.release()


def _carry_out(note: Path) -> None:
    """Let go from the last piece to the first: by the first one the others are found."""
    # A note that says nothing known removes nothing.
    act = {b"remove": remove, b"destroy": _destroy}.get(note.read_bytes(), quarantine)
    first = UUID(hex=note.stem)
    ids = [*_ids_of_pieces(note.parent, first), *_ids_of_pieces(note.parent, twin_of(first))]
    for journal_id in reversed(ids):
        path = journal_path(note.parent, journal_id)
        if path.exists():
            act(path)
        checkpoint_path(note.parent, journal_id).unlink(missing_ok=True)
    note.unlink(missing_ok=True)


def _destroy(path: Path) -> None:
    erase(path)
    remove(path)


def _ids_of_pieces(folder: Path, first: UUID) -> list[UUID]:
    """Return a journal and all that go on with it, as far as they lie there."""
    ids = [first]
    while ids[-1] != (last := last_piece(folder, ids[-1])):
        ids += _between(ids[-1], last)
    return ids


def _between(first: UUID, last: UUID) -> list[UUID]:
    found = []
    while first != last:
        first = continuation_of(first)
        found.append(first)
    return found


def _pieces(
    first: UUID, by_id: dict[UUID, SpooledJournal], following: dict[UUID, UUID]
) -> Iterable[SpooledJournal]:
    journal_id = first
    while journal_id in by_id:
        yield by_id[journal_id]
        journal_id = following[journal_id]


def _modified_ns(piece: SpooledJournal) -> int | None:
    try:
        return checkpoint_path(piece.path.parent, piece.journal_id).stat().st_mtime_ns
    except FileNotFoundError:
        return None
