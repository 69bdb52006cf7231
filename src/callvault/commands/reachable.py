"""`callvault reachable`: whether this node is reached under its own address."""

import asyncio
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from callvault.commands.chosen import add_options, choose

if TYPE_CHECKING:
    from callvault.recorder.own_probe import Knock
    from callvault.recorder.reachability import Reachability

HELP = "test whether this node is reached under its own address"
DESCRIPTION = """\
Send an OPTIONS to the address that this node tells its peers, over UDP, TCP and TLS; try whether
the media ports can be had; and say how many calls the limit of open files allows. The recorder
must be running, and this must run on the same machine, as the same user.

What no answer comes from may still be reached from outside: a NAT that does not turn packets
round, or a firewall that lets others in, cannot be seen from here.

Exit code 0: all was reached; 1: something was not."""

_OUTCOMES = {
    "silent": "no answer within 3 seconds",
    "refused": "nobody listens there",
    "certificate": "reached; peers must show a certificate",
    "tls": "something is there, but TLS failed",
    "unreachable": "there is no way there",
}


def add_arguments(parser: ArgumentParser) -> None:
    """Add the command's options."""
    add_options(parser)


def run(options: Namespace) -> int:
    """Ask, print what was found, and say by the exit code whether it is good."""
    # Imported here: the recorder's libraries, which `--help` need not load.
    from callvault.recorder.reachability import check_reachability

    found = asyncio.run(check_reachability(choose(options).config))
    print("\n".join(report(found)))
    return 0 if found.is_good else 1


def report(found: "Reachability") -> list[str]:
    """Return the lines that are printed."""
    lines = [_line(one) for one in found.knocks]
    ports = found.ports
    free = f"{ports.free} pairs free, {ports.taken} taken"
    problem = f": {ports.problem}" if ports.problem else ""
    lines.append(f"media   {ports.first} to {ports.last}: {free}{problem}")
    if found.open_files:
        calls = f"enough for {found.calls_by_open_files} calls at once"
        lines.append(f"files   {found.open_files} may be open: {calls}")
    else:
        lines.append("files   not known: the recorder does not run here")
    return lines


def _line(one: "Knock") -> str:
    from callvault.sip.sockets import shown

    words = f"answered {one.status}" if one.outcome == "answered" else _OUTCOMES[one.outcome]
    detail = f" ({one.detail})" if one.detail else ""
    return f"{one.transport:<8}{shown(one.address)}: {words}{detail}"
