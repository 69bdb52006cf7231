"""A call to the live-keep pilot that comes to another node than the call that is meant."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from callvault.monitoring.control_client import NoAnswer
from callvault.monitoring.live_calls import Asked, ControlDoor, KeepWish, LatestCall, NodeDoor
from callvault.recorder import neighbours as asking
from callvault.recorder.marking import Marked, MarkedCall
from callvault.recorder.neighbours import Neighbours, keep_call_of
from tests.policy.cast import ANN, BOB
from tests.recorder.test_just_ended import S, ended, live_keep, owner, spooled

OWN, FAR = UUID(int=7), UUID(int=9)
DOOR = ControlDoor(1, "of-the-test")


@dataclass
class Others:
    """What other nodes tell, and what they are asked."""

    latest: Mapping[str, LatestCall | None]  # of a node that is not here nobody answers
    marks: Marked = Marked.DONE
    asked: list[tuple[str, UUID, Asked]] = field(default_factory=list)
    left: list[KeepWish] = field(default_factory=list)
    is_catalogue_away: bool = False

    def tell(self, neighbour: NodeDoor, owner_id: UUID) -> LatestCall | None:
        if neighbour.node not in self.latest:
            raise NoAnswer
        return self.latest[neighbour.node]

    def keep(self, neighbour: NodeDoor, call_id: UUID, asked: Asked) -> Marked:
        self.asked.append((neighbour.node, call_id, asked))
        return self.marks

    def leave(self, wish: KeepWish) -> None:
        if self.is_catalogue_away:
            raise ConnectionError
        self.left.append(wish)


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Others:
    made = Others({})
    monkeypatch.setattr(asking, "_latest", lambda one, owner_id: made.tell(one, owner_id))
    monkeypatch.setattr(asking, "_keep_there", lambda *asked: made.keep(*asked))
    return made


def kept(
    folder: Path, others: Others, user: UUID, *nodes: str, has_ended: bool = False
) -> MarkedCall:
    """Have a user call the pilot of a node where Ann's call is in progress."""
    recorder = live_keep(folder).recorder
    if has_ended:
        until_ns = recorder.read_clocks().realtime_ns + 120 * S
        recorder.just_ended.add(replace(ended(OWN.int, owner(user)), until_ns=until_ns))
        spooled(recorder.just_ended._spool, OWN.int)
    known = Neighbours(lambda: [NodeDoor(one, DOOR) for one in nodes], others.leave)
    known.refresh()
    return asyncio.run(keep_call_of(recorder, known, user, who="Bob", detail="pilot"))


def far_call(*, is_running: bool = True, at_ns: int = 1) -> LatestCall:
    return LatestCall(FAR, is_running, is_undecided=True, at_ns=at_ns)


def test_a_call_that_goes_on_here_is_kept_without_asking_anybody(
    tmp_path: Path, others: Others
) -> None:
    found = kept(tmp_path, others, ANN.user_id, "rec-2")
    assert found.outcome is Marked.DONE
    assert (others.asked, others.left) == ([], [])


def test_a_call_on_another_node_is_kept_there(tmp_path: Path, others: Others) -> None:
    others.latest = {"rec-2": None, "rec-3": far_call()}
    assert kept(tmp_path, others, BOB.user_id, "rec-2", "rec-3") == MarkedCall(Marked.DONE, FAR)
    assert others.asked == [("rec-3", FAR, Asked("Bob", "pilot", (BOB.user_id,)))]
    assert others.left == []


@pytest.mark.parametrize("is_running", [False, True])
def test_what_goes_on_elsewhere_is_meant_rather_than_what_ended_here(
    tmp_path: Path, others: Others, *, is_running: bool
) -> None:
    others.latest = {"rec-2": far_call(is_running=is_running)}
    found = kept(tmp_path, others, BOB.user_id, "rec-2", has_ended=True)
    assert found == MarkedCall(Marked.DONE, FAR if is_running else OWN)


def test_without_a_call_anywhere_nothing_is_kept_nor_left(tmp_path: Path, others: Others) -> None:
    others.latest = {"rec-2": None}
    assert kept(tmp_path, others, BOB.user_id, "rec-2") == MarkedCall(Marked.NO_CALL)
    assert others.left == []


def test_of_a_node_that_does_not_answer_the_wish_is_left_in_the_catalogue(
    tmp_path: Path, others: Others
) -> None:
    assert kept(tmp_path, others, BOB.user_id, "rec-2") == MarkedCall(Marked.NOTED)
    (wish,) = others.left
    assert (wish.owner_id, wish.who, wish.detail) == (BOB.user_id, "Bob", "pilot")


def test_what_can_be_left_nowhere_is_not_called_kept(tmp_path: Path, others: Others) -> None:
    others.is_catalogue_away = True
    assert kept(tmp_path, others, BOB.user_id, "rec-2") == MarkedCall(Marked.UNREACHABLE)


def test_an_ended_call_here_is_kept_and_the_wish_left_for_the_node_that_is_away(
    tmp_path: Path, others: Others
) -> None:
    found = kept(tmp_path, others, BOB.user_id, "rec-2", has_ended=True)
    assert found == MarkedCall(Marked.DONE, OWN)
    assert len(others.left) == 1


def test_nodes_that_were_read_last_serve_while_the_catalogue_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = [[NodeDoor("rec-2", DOOR)], None]

    def load() -> list[NodeDoor]:
        found = answers.pop(0)
        if found is None:
            raise ConnectionError
        return found

    known = Neighbours(load)
    monkeypatch.setattr(asking, "REFRESH_S", 0.0)
    for _ in range(2):
        known.refresh()
    assert [one.node for one in known.known] == ["rec-2"]
    assert answers == []
