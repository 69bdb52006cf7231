"""Keys that lead a dial-in call: which codes there may be, and what is heard of them."""

import pytest

from callvault.policy.keypad import MOST_IN_A_MINUTE, Command, Keypad, KeyReader, problems_of

ON = Keypad(is_on=True)
SECOND = 1_000_000_000


def read(keys: str, *, keypad: Keypad = ON, way: str = "rtp", every_s: float = 0.3) -> list[str]:
    reader = KeyReader(keypad)
    found = (
        reader.press(key, at_ns=int(n * every_s * SECOND) + SECOND, way=way)
        for n, key in enumerate(keys)
    )
    return [one.value for one in found if one is not None]


@pytest.mark.parametrize(
    ("keys", "commands"),
    [
        ("*1", ["start"]),
        ("*3*4", ["pause", "resume"]),
        ("4111*6", ["drop"]),
        ("**5", ["keep"]),
        ("*21", ["stop"]),  # the 1 is another key, not of a code
        ("*0", []),
        ("123456#", []),
        ("*A1", []),
    ],
)
def test_a_code_is_heard_among_other_keys(keys: str, commands: list[str]) -> None:
    assert read(keys) == commands


def test_no_key_is_a_command_where_keys_are_off_or_a_command_has_none() -> None:
    assert read("*1*2*3*4*5*6", keypad=Keypad()) == []
    assert read("*1*3", keypad=Keypad(is_on=True, pause="")) == ["start"]


def test_keys_far_apart_are_no_code() -> None:
    assert read("*1", every_s=5) == []


def test_a_key_that_is_told_in_two_ways_is_one() -> None:
    reader = KeyReader(ON)
    told = [("*", "rtp"), ("3", "rtp"), ("*", "info"), ("3", "info")]
    both = [
        reader.press(key, at_ns=SECOND + n * SECOND // 10, way=way)
        for n, (key, way) in enumerate(told)
    ]
    assert both == [None, Command.PAUSE, None, None]
    again = [reader.press(key, at_ns=9 * SECOND, way="info") for key in "*4"]
    assert again == [None, Command.RESUME], "no echo: nothing was told by RTP then"


def test_a_key_that_is_pressed_twice_in_one_way_is_two() -> None:
    assert read("*33", keypad=Keypad(is_on=True, pause="*33")) == ["pause"]


def test_so_many_commands_in_a_minute_are_obeyed_and_no_more() -> None:
    assert len(read("*3" * 60, every_s=0.1)) == MOST_IN_A_MINUTE
    assert len(read("*3" * 60, every_s=1.6)) > MOST_IN_A_MINUTE


@pytest.mark.parametrize(
    ("codes", "problems"),
    [
        ({"start": "*1", "stop": "*2", "keep": ""}, {}),
        ({"start": "#12345"}, {}),
        ({"start": "1"}, {"start": "form"}),
        ({"start": "*"}, {"start": "form"}),
        ({"start": "*123456"}, {"start": "form"}),
        ({"start": "*1*"}, {"start": "form"}),
        ({"start": "*1", "stop": "*1"}, {"start": "taken", "stop": "taken"}),
        ({"start": "*1", "stop": "*12"}, {"start": "taken", "stop": "taken"}),
    ],
)
def test_codes_are_told_apart_by_their_first_keys(
    codes: dict[str, str], problems: dict[str, str]
) -> None:
    assert problems_of(codes) == problems
