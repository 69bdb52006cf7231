"""A line that should bring media and brings none is told of once, after five seconds."""

from callvault.recorder.no_media import ALARM_NS, MediaNews, NoMediaWatch
from callvault.spool.entries import StreamDescription

S = 1_000_000_000


def line(index: int, *, active: bool = True, port: int = 40000) -> StreamDescription:
    return StreamDescription(index, str(index), "audio", (), active=active, port=port)


def test_a_silent_line_is_told_once_and_again_when_it_comes() -> None:
    watch = NoMediaWatch()
    watch.change([line(0), line(1)], now_ns=0)
    assert watch.look({0: 3}, now_ns=2 * S) == []
    assert watch.look({0: 200}, now_ns=ALARM_NS - 1) == []
    assert watch.look({0: 200}, now_ns=ALARM_NS) == [MediaNews(1, "no_media")]
    assert watch.look({0: 200, 1: 0}, now_ns=20 * S) == []
    assert watch.look({0: 200, 1: 1}, now_ns=21 * S) == [MediaNews(1, "media_came")]
    assert not watch.is_waiting
    assert watch.look({}, now_ns=90 * S) == []


def test_a_line_that_is_heard_in_time_is_not_spoken_of() -> None:
    watch = NoMediaWatch()
    watch.change([line(0)], now_ns=0)
    assert watch.look({0: 1}, now_ns=9 * S) == []
    watch.change([line(0)], now_ns=60 * S)
    assert not watch.is_waiting


def test_held_and_refused_lines_need_bring_nothing() -> None:
    watch = NoMediaWatch()
    watch.change([line(0, active=False), line(1, port=0)], now_ns=0)
    assert not watch.is_waiting
    watch.change([line(0), line(1, port=0)], now_ns=30 * S)
    assert watch.look({}, now_ns=34 * S) == []
    watch.change([line(0), line(1, port=0)], now_ns=34 * S)
    assert watch.look({}, now_ns=35 * S) == [MediaNews(0, "no_media")]


def test_what_is_put_off_waits_anew() -> None:
    watch = NoMediaWatch()
    watch.change([line(0)], now_ns=0)
    watch.put_off(now_ns=30 * S)
    assert watch.look({}, now_ns=34 * S) == []
    assert watch.look({}, now_ns=35 * S) == [MediaNews(0, "no_media")]


def test_after_a_restart_a_line_that_is_silent_for_a_while_is_not_told_of() -> None:
    watch = NoMediaWatch()
    watch.go_on([0, 1], for_ns=ALARM_NS)
    watch.change([line(0), line(1), line(2)], now_ns=0)
    assert watch.look({}, now_ns=9 * S) == [MediaNews(2, "no_media")]


def test_a_call_that_was_answered_a_moment_before_the_restart_is_watched() -> None:
    watch = NoMediaWatch()
    watch.go_on([0], for_ns=ALARM_NS - 1)
    watch.change([line(0)], now_ns=0)
    assert watch.look({}, now_ns=9 * S) == [MediaNews(0, "no_media")]
