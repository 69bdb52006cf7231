"""`callvault simulate`: place realistic calls, and compare what was recorded."""

import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import dataclass
from random import SystemRandom

from callvault.commands import simulate_cucm
from callvault.commands.chosen import add_options, choose
from callvault.errors import ConfigError
from callvault.srtp import SUITES

HELP = "place realistic calls, and compare what was recorded with what was placed"
DESCRIPTION = """\
Place calls as a recording client (SRC) does: SIP with metadata, and RTP of both parties, who
speak, pause, interrupt each other and put each other on hold. Then look into this node's
catalogue and lay each recording beside its call: length, owner, direction, and whether the
owner's voice is on the left channel.

  callvault simulate --calls 3
  callvault simulate --calls 200 --concurrent 20 --seconds 30-90
  callvault simulate --calls 1 --unknown-share 1      a call that belongs to nobody
  callvault simulate --srtp AES_CM_128_HMAC_SHA1_80   encrypted, new keys after each hold
  callvault simulate --sender cucm --scene hold       as Cisco CUCM: two calls, one a voice

Exit code 0: all as it should be; 1: something differs; 2: not started."""

CODECS = ("pcmu", "pcma", "g722")
LARGEST_SEED = 1_000_000


@dataclass(frozen=True, slots=True)
class Seconds:
    """Shortest and longest duration of calls."""

    shortest: float
    longest: float


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    _add_call_arguments(parser)
    _add_share_arguments(parser)
    _add_wire_arguments(parser)
    simulate_cucm.add_arguments(parser)
    _add_people_arguments(parser)
    add_options(parser)


def _add_call_arguments(parser: ArgumentParser) -> None:
    calls = parser.add_argument_group("which calls")
    calls.add_argument(
        "--calls", metavar="N", type=_count, default=3, help="how many (default: %(default)s)"
    )
    calls.add_argument(
        "--concurrent",
        metavar="M",
        type=_count,
        default=3,
        help="how many at once, at most (default: %(default)s)",
    )
    calls.add_argument(
        "--seconds",
        metavar="MIN-MAX",
        type=_seconds,
        default=Seconds(15, 60),
        help="how long they last (default: 15-60)",
    )
    calls.add_argument(
        "--codec",
        choices=(*CODECS, "mix"),
        default="mix",
        help="what the phones speak (default: %(default)s)",
    )
    calls.add_argument(
        "--seed",
        metavar="NUMBER",
        type=int,
        default=None,
        help="the same number gives the same calls (default: drawn, and printed)",
    )


def _add_share_arguments(parser: ArgumentParser) -> None:
    shares = parser.add_argument_group("how many of them are special")
    shares.add_argument(
        "--hold-share",
        metavar="SHARE",
        type=_share,
        default=0.25,
        help="calls that are put on hold, 0 to 1 (default: %(default)s)",
    )
    shares.add_argument(
        "--unknown-share",
        metavar="SHARE",
        type=_share,
        default=0.0,
        help="calls of numbers that no user has, 0 to 1 (default: 0)",
    )
    shares.add_argument(
        "--internal-share",
        metavar="SHARE",
        type=_share,
        default=0.0,
        help="calls between two users, which give two recordings, 0 to 1 (default: 0)",
    )


def _add_wire_arguments(parser: ArgumentParser) -> None:
    wire = parser.add_argument_group("how they are placed")
    wire.add_argument(
        "--target",
        metavar="HOST:PORT",
        type=_host_port,
        help="recorder's SIP address (default: this node's)",
    )
    wire.add_argument(
        "--transport",
        choices=("udp", "tcp", "tls"),
        default="udp",
        help="of SIP (default: %(default)s)",
    )
    wire.add_argument(
        "--source-address",
        metavar="ADDRESS",
        default="",
        help="address of this machine to call from (default: the one that routes there)",
    )
    wire.add_argument(
        "--media-address",
        metavar="ADDRESS",
        default="",
        help="address of this machine to send RTP from (default: the one it calls from)",
    )
    wire.add_argument(
        "--srtp",
        metavar="SUITE",
        choices=tuple(SUITES),
        default="",
        help=f"encrypt the audio (SDES): {', '.join(SUITES)} (default: plain RTP)",
    )
    wire.add_argument(
        "--srtp-wrong-key",
        action="store_true",
        help="encrypt with another key than is told, to see the alarm",
    )
    wire.add_argument(
        "--wait",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="how long to wait for the last recording to be listed (default: 60)",
    )


def _add_people_arguments(parser: ArgumentParser) -> None:
    people = parser.add_argument_group("whose calls they are")
    people.add_argument(
        "--create-demo-users",
        action="store_true",
        help="create the users whom the calls belong to, where they are missing, without asking",
    )
    people.add_argument(
        "--place-only",
        action="store_true",
        help="compare nothing: the catalogue is on another machine",
    )
    people.add_argument("--yes", action="store_true", help="answer yes to whatever is asked")


def run(options: Namespace) -> int:
    """Place the calls, wait for the recordings, and print the comparison."""
    if options.unknown_share + options.internal_share > 1:
        raise ConfigError("--internal-share", "together with --unknown-share it is more than 1")
    if options.srtp_wrong_key and not options.srtp:
        raise ConfigError("--srtp-wrong-key", "say with --srtp what to encrypt with")
    simulate_cucm.check(options)
    if options.seed is None:
        options.seed = SystemRandom().randrange(LARGEST_SEED)
        print(f"Seed {options.seed}: --seed {options.seed} places the same calls again.")
    chosen = choose(options)
    # Imported here: sound and catalogue take a second that `--help` need not wait for.
    from callvault.commands.simulation import simulate

    sys.stdout.flush()
    return simulate(options, chosen.config)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r}, allowed: a whole number from 1")
    return int(text)


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ArgumentTypeError(f"{text!r}, allowed: 0 to 1")
    return share


def _seconds(text: str) -> Seconds:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?))?", text)
    if found is None:
        raise ArgumentTypeError(f"{text!r}, allowed: MIN-MAX, such as 15-60")
    shortest = float(found[1])
    seconds = Seconds(shortest, float(found[2] or shortest))
    if not 2 <= seconds.shortest <= seconds.longest <= 3600:
        raise ArgumentTypeError(f"{text!r}, allowed: from 2 to 3600, the smaller one first")
    return seconds


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise ArgumentTypeError(f"{text!r}, allowed: HOST:PORT, such as 192.0.2.10:5060")
    return host, int(port)
