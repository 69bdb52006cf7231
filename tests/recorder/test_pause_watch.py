"""A pause that somebody forgot is told once, and ends by itself where that is wanted."""

from uuid import UUID

from callvault.policy.modes import Pauses
from callvault.recorder.memory import AskedPause
from callvault.recorder.pause_watch import PauseNews, PauseWatch

ONE, TWO = UUID(int=1), UUID(int=2)
S = 1_000_000_000
ASKED = {ONE: AskedPause("Ann", 100 * S), TWO: AskedPause("Sam", 150 * S)}


def test_a_pause_is_told_of_once_it_is_old_and_only_once() -> None:
    watch = PauseWatch(resume_after_s=0, alarm_after_s=60)
    found = [watch.look(ASKED, now_ns=second * S).forgotten for second in (159, 160, 161, 210, 211)]
    assert found == [(), (ONE,), (), (TWO,), ()]


def test_a_pause_that_ended_and_came_again_is_told_of_again() -> None:
    watch = PauseWatch(resume_after_s=0, alarm_after_s=60)
    assert watch.look(ASKED, now_ns=160 * S).forgotten == (ONE,)
    assert watch.look({}, now_ns=161 * S) == PauseNews()
    assert watch.look({ONE: AskedPause("Ann", 170 * S)}, now_ns=230 * S).forgotten == (ONE,)


def test_a_pause_ends_by_itself_and_is_asked_to_until_it_has() -> None:
    watch = PauseWatch(resume_after_s=60, alarm_after_s=60)
    assert watch.look(ASKED, now_ns=159 * S) == PauseNews()
    assert watch.look(ASKED, now_ns=160 * S) == PauseNews(overdue=(ONE,))
    assert watch.look(ASKED, now_ns=161 * S) == PauseNews(overdue=(ONE,))


def test_a_pause_is_as_old_as_it_was_before_a_restart() -> None:
    assert PauseWatch(60, 0).look(ASKED, now_ns=500 * S).overdue == (ONE, TWO)


def test_nothing_is_due_where_both_are_off() -> None:
    assert PauseWatch(0, 0).look(ASKED, now_ns=10**6 * S) == PauseNews()


def test_the_pauses_of_two_dialogs_of_one_call_are_told_of_once() -> None:
    watch = PauseWatch(resume_after_s=0, alarm_after_s=60)
    call = UUID(int=7)
    told = [
        watch.look(ASKED, now_ns=second * S, call_of=lambda _: call).forgotten
        for second in (160, 211)
    ]
    assert told == [(call,), ()]


def test_what_the_portal_says_holds_over_the_nodes_own() -> None:
    watch = PauseWatch(resume_after_s=60, alarm_after_s=60)
    never = Pauses(alarm_after_s=0, resume_after_s=0)
    assert watch.look(ASKED, now_ns=10**6 * S, rules=never) == PauseNews()
    sooner = Pauses(resume_after_s=5)
    assert watch.look(ASKED, now_ns=106 * S, rules=sooner).overdue == (ONE,)
