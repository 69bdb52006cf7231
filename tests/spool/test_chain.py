"""Journals of one call in several pieces: found by their names, let go as a whole."""

import os
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from callvault.spool import (
    Chain,
    chains,
    checkpoint_path,
    continuation_of,
    erase,
    has_end,
    journal_path,
    last_piece,
    resume_settling,
    scan,
    settle,
)

FIRST = UUID(int=5)
SECOND = continuation_of(FIRST)
THIRD = continuation_of(SECOND)


def lay(folder: Path, *ids: UUID) -> None:
    for one in ids:
        journal_path(folder, one).write_bytes(b"journal")


def found(folder: Path) -> list[list[UUID]]:
    return [[piece.journal_id for piece in one.pieces] for one in chains(scan(folder))]


def chain_of(folder: Path) -> Chain:
    (chain,) = chains(scan(folder))
    return chain


def test_pieces_are_joined_in_order_whatever_their_age(tmp_path: Path) -> None:
    alone = uuid4()
    lay(tmp_path, THIRD, alone, FIRST, SECOND)
    os.utime(journal_path(tmp_path, THIRD), (1, 1))
    assert sorted(found(tmp_path), key=len) == [[alone], [FIRST, SECOND, THIRD]]


def test_a_piece_whose_predecessor_is_gone_stands_alone(tmp_path: Path) -> None:
    lay(tmp_path, THIRD, FIRST)
    assert sorted(found(tmp_path)) == sorted([[FIRST], [THIRD]])


def test_the_last_piece_is_found_by_name(tmp_path: Path) -> None:
    lay(tmp_path, FIRST, SECOND)
    assert last_piece(tmp_path, FIRST) == SECOND
    assert last_piece(tmp_path, SECOND) == SECOND


def test_all_pieces_go_together(tmp_path: Path) -> None:
    lay(tmp_path, FIRST, SECOND, THIRD)
    settle(chain_of(tmp_path), keep=False)
    assert list(tmp_path.iterdir()) == []


def test_damaged_ones_are_set_aside_together(tmp_path: Path) -> None:
    lay(tmp_path, FIRST, SECOND)
    settle(chain_of(tmp_path), keep=True)
    assert [one.name for one in tmp_path.iterdir()] == ["damaged"]
    assert len(list((tmp_path / "damaged").iterdir())) == 2


@pytest.mark.parametrize("already_gone", [[], [THIRD], [THIRD, SECOND], [THIRD, SECOND, FIRST]])
def test_what_a_crash_interrupted_is_finished(tmp_path: Path, already_gone: list[UUID]) -> None:
    lay(tmp_path, *({FIRST, SECOND, THIRD} - set(already_gone)))
    other = uuid4()
    lay(tmp_path, other)
    (tmp_path / f"{FIRST.hex}.listed").write_bytes(b"remove")
    resume_settling(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [f"{other.hex}.cvj"]


@pytest.mark.parametrize("erased", [[], [FIRST], [SECOND], [FIRST, SECOND]])
def test_what_a_crash_left_without_its_key_is_removed_and_not_set_aside(
    tmp_path: Path, erased: list[UUID]
) -> None:
    lay(tmp_path, FIRST, SECOND)
    for one in erased:
        erase(journal_path(tmp_path, one))
    (tmp_path / f"{FIRST.hex}.listed").write_bytes(b"destroy")
    resume_settling(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pieces", [[FIRST], [FIRST, SECOND]])
def test_keys_are_overwritten_once_a_note_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pieces: list[UUID]
) -> None:
    lay(tmp_path, *pieces)
    chain = chain_of(tmp_path)
    other_names = []
    for piece in chain.pieces:
        other_names.append(tmp_path / f"{piece.journal_id.hex}.link")
        other_names[-1].hardlink_to(piece.path)

    def crash(path: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("callvault.spool.chain.remove", crash)
        with pytest.raises(KeyboardInterrupt):
            settle(chain, keep=True, destroy=True)
    resume_settling(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(other_names)
    assert all(not any(one.read_bytes()) for one in other_names)


def test_a_checkpoint_keeps_a_call_open_until_it_is_taken_away(tmp_path: Path) -> None:
    lay(tmp_path, FIRST, SECOND)
    assert chain_of(tmp_path).checkpoint_age_ns(now_ns=0) is None
    checkpoint = checkpoint_path(tmp_path, SECOND)
    checkpoint.write_bytes(b"")
    for one in (checkpoint, journal_path(tmp_path, FIRST), journal_path(tmp_path, SECOND)):
        os.utime(one, ns=(7_000, 7_000))
    assert chain_of(tmp_path).checkpoint_age_ns(now_ns=10_000) == 3_000
    chain_of(tmp_path).give_up_waiting()
    assert chain_of(tmp_path).checkpoint_age_ns(now_ns=10_000) is None


def test_a_chain_knows_of_a_piece_made_since_it_was_found(tmp_path: Path) -> None:
    lay(tmp_path, FIRST)
    before = chain_of(tmp_path)
    at_first = before.was_continued
    lay(tmp_path, SECOND)
    assert (at_first, before.was_continued) == (False, True)
    assert not chain_of(tmp_path).was_continued


def test_a_file_that_is_no_journal_has_no_end(tmp_path: Path) -> None:
    path = tmp_path / "one"
    assert not has_end(path)
    for content in (b"", b"short", b"x" * 100):
        path.write_bytes(content)
        assert not has_end(path)
