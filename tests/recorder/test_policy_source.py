"""Policy from the catalogue while it answers, from the file when not."""

import stat
from pathlib import Path

import msgspec

from callvault.policy.snapshot import Snapshot, decode, encode
from callvault.recorder.policy_source import PolicySource
from tests.policy.cast import SNAPSHOT


def test_a_new_policy_is_taken_over_and_kept_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "data" / "snapshot.json"
    source = PolicySource(lambda: SNAPSHOT, file)
    source.start()
    assert source.in_force.snapshot == Snapshot()
    assert source.refresh()
    assert source.in_force.snapshot is SNAPSHOT
    assert decode(file.read_bytes()) == SNAPSHOT
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["snapshot.json"]


def test_the_same_policy_again_is_no_news(tmp_path: Path) -> None:
    source = PolicySource(lambda: decode(encode(SNAPSHOT)), tmp_path / "snapshot.json")
    assert source.refresh()
    in_force = source.in_force
    assert not source.refresh()
    assert source.in_force is in_force


def test_a_catalogue_that_is_away_leaves_the_policy_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    file.write_bytes(encode(SNAPSHOT))

    def away() -> Snapshot:
        raise ConnectionError("no route")

    source = PolicySource(away, file)
    source.start()
    assert not source.refresh()
    assert (source.in_force.snapshot, source.is_reachable) == (SNAPSHOT, False)


def test_a_catalogue_that_comes_back_is_reachable_again(tmp_path: Path) -> None:
    answers: list[Snapshot] = []
    source = PolicySource(answers.pop, tmp_path / "snapshot.json")
    assert not source.refresh()
    assert not source.is_reachable
    answers.append(SNAPSHOT)
    assert source.refresh()
    assert source.is_reachable


def test_a_file_that_makes_no_sense_is_as_good_as_none(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    for content in (b"{", b"[]", b'{"revision": "many"}', b"\xff"):
        file.write_bytes(content)
        source = PolicySource(None, file)
        source.start()
        assert source.in_force.snapshot == Snapshot()


def test_without_catalogue_a_changed_file_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "snapshot.json"
    source = PolicySource(None, file)
    assert not source.refresh()
    file.write_bytes(encode(SNAPSHOT))
    assert source.refresh()
    assert not source.refresh()
    file.write_bytes(encode(msgspec.structs.replace(SNAPSHOT, revision=10)))
    assert source.refresh()
    assert source.in_force.snapshot.revision == 10


def test_a_file_that_cannot_be_written_is_no_reason_to_keep_the_old_policy(tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("in the way of a folder")
    source = PolicySource(lambda: SNAPSHOT, blocked / "snapshot.json")
    assert source.refresh()
    assert source.in_force.snapshot is SNAPSHOT
