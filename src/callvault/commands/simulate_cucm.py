"""The options of `callvault simulate` that make it send as CUCM does."""

from argparse import ArgumentParser, ArgumentTypeError, Namespace

from callvault.errors import ConfigError

SENDERS = ("src", "cucm")
SCENES = ("talk", "hold", "transfer", "transferred", "conference", "update", "shared-line")
ORDERS = ("near-first", "far-first", "mix")
FAULTS = ("near-missing", "far-missing", "one-bye", "cause-47")
LONGEST_GAP_MS = 4_000
_SWITCHES = (
    ("--early-offer", "the INVITE carries the offer (default: the ACK carries the answer)"),
    ("--mirror", "calls between two users whose phones are both recorded"),
    ("--two-clusters", "each call twice at once, of two clusters with equal ids"),
)
_WITH_TWINS = ("talk", "hold")
_ONLY_CUCM = ("pilot", "scene", "fault", "order", "gap", "early_offer", "mirror", "two_clusters")


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options."""
    cucm = parser.add_argument_group(
        "who sends them",
        "CUCM makes two calls for each recorded phone, one of each voice; what belongs together "
        "stands in their From.",
    )
    cucm.add_argument(
        "--sender",
        choices=SENDERS,
        default="src",
        help="src: a recording client with metadata; cucm: Cisco CUCM (default: %(default)s)",
    )
    cucm.add_argument(
        "--pilot", metavar="NUMBER", type=_pilot, help="CUCM: the number it calls (default: 8100)"
    )
    cucm.add_argument(
        "--scene", choices=SCENES, help="CUCM: what happens in each call (default: talk)"
    )
    cucm.add_argument(
        "--fault", choices=FAULTS, help="CUCM: what goes wrong in each call (default: nothing)"
    )
    cucm.add_argument(
        "--order",
        choices=ORDERS,
        help="CUCM: which of both calls comes first (default: near-first)",
    )
    cucm.add_argument(
        "--gap",
        metavar="MS",
        type=_gap,
        help=f"CUCM: from the first INVITE to the second, 0 to {LONGEST_GAP_MS} (default: 5)",
    )
    for name, text in _SWITCHES:
        cucm.add_argument(name, action="store_true", default=None, help=f"CUCM: {text}")


def check(options: Namespace) -> None:
    """Refuse what cannot be had together."""
    if options.sender != "cucm":
        for name in _ONLY_CUCM:
            if getattr(options, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise ConfigError(option, "only CUCM does that: say --sender cucm")
        return
    is_twofold = options.mirror or options.two_clusters
    if is_twofold and (options.scene or "talk") not in _WITH_TWINS:
        raise ConfigError("--scene", f"with two pairs at once, allowed: {', '.join(_WITH_TWINS)}")
    if options.mirror and options.two_clusters:
        raise ConfigError("--mirror", "leave out one of --mirror and --two-clusters")
    if (options.gap or 0) >= options.seconds.shortest * 1000:
        raise ConfigError("--gap", "the second call would come when the first is over")


def _pilot(text: str) -> str:
    if not text.removeprefix("+").isdecimal() or len(text) > 20:
        raise ArgumentTypeError(f"{text!r}, allowed: up to 20 digits")
    return text


def _gap(text: str) -> int:
    if not text.isdecimal() or int(text) > LONGEST_GAP_MS:
        raise ArgumentTypeError(f"{text!r}, allowed: milliseconds from 0 to {LONGEST_GAP_MS}")
    return int(text)
