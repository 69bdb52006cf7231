"""Asks the recorders of all nodes at once, each for a short time, and says who did not answer.

The recorder of the portal's own machine is reached by loopback, the others as the catalogue tells
(`nodes.doors`). One that does not answer is left alone for some seconds, so that it does not make
every page wait.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.conf import settings
from django.utils import timezone

from callvault.clock import utc_from_ns
from callvault.monitoring.live_calls import ControlDoor, NodeDoor, read_door
from callvault.portal.nodes.doors import doors_of_others

from .recorder import Silent, Unreachable

LEFT_ALONE_S = 5.0
MOST_AT_ONCE = 16

T = TypeVar("T")

_left_alone: dict[tuple[str, str], float] = {}
"""By node and token, so that one that was started again is asked at once: until when."""


@dataclass(frozen=True, slots=True)
class Answers(Generic[T]):
    """What was told, by node, and who told nothing."""

    told: tuple[tuple[str, T], ...]
    silent: tuple[Silent, ...] = ()


def ask_all(look: Callable[[ControlDoor], T], *, is_patient: bool = False) -> Answers[T]:
    """Ask each node; `look` raises Unreachable. `is_patient`: those left alone, too.

    Raises Unreachable where nobody answers, or nobody is there.
    """
    doors = _doors()
    asked = [one for one in doors if one.door and (is_patient or not _is_left_alone(one))]
    told, failed = _gather(look, asked)
    answered = {node for node, _ in told}
    silent = [_silent(one) for one in doors if one.node not in answered]
    for one in failed:
        if one.door is not None and one.door.certificate:  # of another machine
            _left_alone[_key(one)] = time.monotonic() + LEFT_ALONE_S
    if not told:
        raise Unreachable(is_running=bool(silent), silent=silent)
    return Answers(tuple(told), tuple(silent))


def door_of(node: str) -> ControlDoor:
    """Return where the recorder of a node is asked. Raises Unreachable."""
    for one in _doors():
        if one.node == node and one.door is not None:
            return one.door
    raise Unreachable(is_running=False)


def _doors() -> list[NodeDoor]:
    own: str = settings.CALLVAULT.node.name
    others = doors_of_others(own, now=timezone.now())
    here = read_door(settings.DATA_FOLDER)
    return [NodeDoor(own, here), *others] if here is not None else others


def _gather(
    look: Callable[[ControlDoor], T], asked: list[NodeDoor]
) -> tuple[list[tuple[str, T]], list[NodeDoor]]:
    if len(asked) == 1:  # as on a single machine: no thread
        results: Iterable[T | None] = [_looked(look, asked[0])]
    elif asked:
        with ThreadPoolExecutor(min(len(asked), MOST_AT_ONCE)) as threads:
            results = list(threads.map(lambda one: _looked(look, one), asked))
    else:
        results = ()
    told, failed = [], []
    for one, result in zip(asked, results, strict=True):
        if result is None:
            failed.append(one)
        else:
            told.append((one.node, result))
    return told, failed


def _looked(look: Callable[[ControlDoor], T], one: NodeDoor) -> T | None:
    try:
        return look(one.door) if one.door is not None else None
    except Unreachable:
        return None


def _key(one: NodeDoor) -> tuple[str, str]:
    return one.node, one.door.token if one.door is not None else ""


def _is_left_alone(one: NodeDoor) -> bool:
    until_s = _left_alone.get(_key(one), 0.0)
    if until_s and until_s <= time.monotonic():
        _left_alone.pop(_key(one), None)
        return False
    return bool(until_s)


def _silent(one: NodeDoor) -> Silent:
    at = utc_from_ns(one.at_ns) if one.at_ns else None
    return Silent(one.node, one.calls, at, one.problem)
