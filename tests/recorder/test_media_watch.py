"""When the media of a call, or their absence, end it."""

from callvault.policy.dial_in_rules import DialInRules
from callvault.recorder.actions import MediaChecked
from callvault.recorder.media_watch import NS_PER_S, MediaWatch

RULES = DialInRules(silence_s=30, without_speech_min=2)


def watch() -> MediaWatch:
    found = MediaWatch(timeout_s=300, max_call_s=43_200)
    found.answered(NS_PER_S)
    return found


def overdue(
    watch: MediaWatch,
    at_s: int,
    packets: int,
    speech_ns: int = 0,
    *,
    rules: DialInRules | None = RULES,
    is_quiet: bool = False,
    is_deaf: bool = False,
) -> str:
    return watch.overdue(
        MediaChecked(packets, speech_ns),
        is_quiet=is_quiet,
        is_deaf=is_deaf,
        rules=rules,
        now_ns=(1 + at_s) * NS_PER_S,
    )


def test_a_dial_in_has_a_silence_of_its_own() -> None:
    assert [overdue(watch(), at_s, 0) for at_s in (29, 30)] == ["", "media_timeout"]
    assert overdue(watch(), 299, 0, rules=None) == ""
    assert overdue(watch(), 299, 0, rules=DialInRules()) == ""
    assert overdue(watch(), 300, 0, rules=DialInRules()) == "media_timeout"


def test_audio_in_which_nobody_speaks_ends_it_later() -> None:
    found = watch()
    assert [overdue(found, at_s, at_s, 7) for at_s in range(5, 125, 5)] == [""] * 24
    assert overdue(found, 125, 125, 7) == "no_speech"


def test_whoever_speaks_now_and_then_keeps_it() -> None:
    found = watch()
    assert {overdue(found, at_s, at_s, at_s // 100) for at_s in range(5, 1000, 5)} == {""}


def test_in_a_pause_nobody_knows_whether_anybody_speaks() -> None:
    found = watch()
    assert {overdue(found, at_s, at_s, 7, is_deaf=True) for at_s in range(5, 600, 5)} == {""}
    assert overdue(found, 714, 714, 7) == ""
    assert overdue(found, 715, 715, 7) == "no_speech"


def test_on_hold_silence_is_right() -> None:
    found = watch()
    assert {overdue(found, at_s, 0, is_quiet=True) for at_s in range(5, 600, 5)} == {""}


def test_no_other_call_is_ended_for_want_of_speech() -> None:
    found = watch()
    assert {overdue(found, at_s, at_s, rules=None) for at_s in range(5, 2000, 5)} == {""}
    assert {overdue(found, at_s, at_s, rules=DialInRules()) for at_s in range(2000, 4000)} == {""}
