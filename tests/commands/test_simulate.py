"""What may be asked of the simulator."""

import socket
from argparse import Namespace
from pathlib import Path

import pytest

from callvault.commands.main import main, new_parser
from callvault.commands.senders import cucm_wishes
from callvault.commands.simulate import Seconds
from callvault.config import default_toml
from callvault.simulator.cucm.plan import CucmWishes, Fault, Order, Scene


def parsed(*arguments: str) -> Namespace:
    return new_parser().parse_args(["simulate", *arguments])


def test_a_range_of_seconds_is_read() -> None:
    assert parsed("--seconds", "4-8").seconds == Seconds(4, 8)
    assert parsed("--seconds", "2.5").seconds == Seconds(2.5, 2.5)


def test_a_target_is_read_with_its_port() -> None:
    assert parsed("--target", "192.0.2.10:5060").target == ("192.0.2.10", 5060)
    assert parsed("--target", "[2001:db8::1]:5070").target == ("2001:db8::1", 5070)


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--calls", "0"], "a whole number from 1"),
        (["--concurrent", "many"], "a whole number from 1"),
        (["--seconds", "8-4"], "from 2 to 3600, the smaller one first"),
        (["--seconds", "1"], "from 2 to 3600"),
        (["--seconds", "soon"], "MIN-MAX, such as 15-60"),
        (["--unknown-share", "2"], "0 to 1"),
        (["--hold-share", "half"], "0 to 1"),
        (["--target", "192.0.2.10"], "HOST:PORT"),
        (["--target", "192.0.2.10:0"], "HOST:PORT"),
        (["--codec", "opus"], "invalid choice"),
        (["--srtp", "F8_128_HMAC_SHA1_80"], "invalid choice"),
    ],
)
def test_what_cannot_be_placed_is_refused_with_what_can(
    arguments: list[str], allowed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed(*arguments)
    assert ended.value.code == 2
    assert allowed in capsys.readouterr().err


def test_a_call_cannot_be_unknown_and_internal_at_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["simulate", "--unknown-share", "0.6", "--internal-share", "0.6"]) == 2
    assert "--internal-share: together with --unknown-share" in capsys.readouterr().err


def test_a_wrong_key_wants_a_suite(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--srtp-wrong-key"]) == 2
    assert "--srtp-wrong-key: say with --srtp" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ("--gap 300", "--gap: only CUCM does that: say --sender cucm"),
        ("--early-offer", "--early-offer: only CUCM does that"),
        ("--sender cucm --scene transfer --mirror", "--scene: with two pairs at once"),
        ("--sender cucm --mirror --two-clusters", "--mirror: leave out one of"),
        ("--sender cucm --gap 4000 --seconds 3-9", "--gap: the second call would come"),
    ],
)
def test_what_cannot_be_had_together_is_refused(
    arguments: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments.split()]) == 2
    assert why in capsys.readouterr().err


@pytest.mark.parametrize(("option", "value"), [("--gap", "4001"), ("--pilot", "81a")])
def test_what_no_cucm_sends_is_refused(option: str, value: str) -> None:
    with pytest.raises(SystemExit) as ended:
        parsed("--sender", "cucm", option, value)
    assert ended.value.code == 2


def test_cucm_does_what_the_options_say_and_else_what_most_do() -> None:
    assert cucm_wishes(parsed("--sender", "cucm")) == CucmWishes()
    wished = parsed(
        *("--sender", "cucm", "--scene", "hold", "--fault", "one-bye", "--order", "mix"),
        *("--gap", "0", "--early-offer", "--mirror", "--pilot", "8200"),
    )
    assert cucm_wishes(wished) == CucmWishes(
        pilot="8200",
        scene=Scene.HOLD,
        fault=Fault.ONE_BYE,
        order=Order.MIX,
        gap_ms=0,
        early_offer=True,
        is_mirrored=True,
    )


@pytest.mark.flow
def test_calls_go_to_the_port_that_the_running_recorder_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as closed:  # bound but not listening: nothing answers there
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        (tmp_path / "callvault.toml").write_text(default_toml())
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "recorder.json").write_text(f'{{"sip": "udp/tcp {port}"}}')
        assert main(["simulate", "--data", str(tmp_path), "--calls", "1"]) == 2
    assert f"nothing answers at 127.0.0.1:{port};" in capsys.readouterr().err
