"""What values each setting may take, beyond its type; the words go into error messages."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Range:
    """A test of a value, and what passes it in words."""

    admits: Callable[[object], bool]
    allowed: str


def _between(low: float, high: float) -> Range:
    return Range(lambda value: low <= _number(value) <= high, f"{low} to {high}")


def _at_least(low: float) -> Range:
    return Range(lambda value: low <= _number(value), f"at least {low}")


def _one_of(*choices: str) -> Range:
    return Range(lambda value: value in choices, ", ".join(choices))


def _number(value: object) -> float:
    assert isinstance(value, int | float)  # noqa: S101 - types are checked before ranges
    return value


def _is_address(value: object) -> bool:
    try:
        ip_address(str(value))
    except ValueError:
        return False
    return True


def _are_networks(value: object) -> bool:
    try:
        return isinstance(value, tuple) and all(ip_network(str(one)) for one in value)
    except ValueError:
        return False


def _is_zone(value: object) -> bool:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _is_even_port(value: object) -> bool:
    return 1024 <= _number(value) <= 65534 and _number(value) % 2 == 0


_ADDRESS = Range(_is_address, "an IPv4 or IPv6 address")
_EVEN_PORT = Range(_is_even_port, "an even number from 1024 to 65534")
_NODE_NAME = re.compile(r"[A-Za-z0-9-]{1,63}")
_HOST_NAME = re.compile(r"[A-Za-z0-9.:*_\[\]-]{1,255}")

RANGES = {
    "node.name": Range(
        lambda value: _NODE_NAME.fullmatch(str(value)) is not None,
        "letters, digits and hyphens, at most 63",
    ),
    "sip.bind_address": _ADDRESS,
    "sip.port": _between(0, 65535),
    "sip.tls_port": _between(0, 65535),
    "sip.tls_client_certificate": _one_of("off", "optional", "required"),
    "sip.answer_strangers": _one_of("none", "403"),
    "sip.advertised_address": Range(
        lambda value: value == "auto" or _is_address(value), "auto, or an IPv4 or IPv6 address"
    ),
    "sip.advertised_address_ipv6": Range(
        lambda value: value == "auto" or (_is_address(value) and ":" in str(value)),
        "auto, or an IPv6 address",
    ),
    "sip.min_session_expires_s": _at_least(90),
    "sip.media_timeout_s": _at_least(0),
    "sip.max_call_s": _at_least(60),
    "capture.bind_address": _ADDRESS,
    "capture.port_first": _EVEN_PORT,
    "capture.port_last": _EVEN_PORT,
    "capture.port_cooldown_s": _between(0, 3600),
    "capture.socket_buffer_bytes": _between(4096, 1_073_741_824),
    "capture.sweep_ms": _between(20, 1000),
    "capture.max_sources": _between(1, 255),
    "capacity.max_calls": _at_least(0),
    "capacity.calls_per_second": _at_least(0),
    "capacity.max_lag_ms": _between(50, 10000),
    "control.port": _between(0, 65535),
    "control.advertised_address": Range(
        lambda value: value in ("auto", "off") or _is_address(value),
        "auto, off, or an IPv4 or IPv6 address",
    ),
    "control.bind_address": _ADDRESS,
    "control.tls_port": _between(0, 65535),
    "control.resume_after_s": _between(0, 86400),
    "control.pause_alarm_after_s": _between(0, 86400),
    "spool.sync_ms": _between(100, 5000),
    "spool.min_free_bytes": _at_least(0),
    "spool.call_reserve_minutes": _between(0, 1440),
    "database.url": Range(
        lambda value: re.match(r"sqlite:.|postgresql://.", str(value)) is not None,
        "sqlite:PATH or postgresql://USER@HOST/NAME",
    ),
    "database.connect_timeout_s": _between(2, 60),
    "database.statement_timeout_s": _between(1, 600),
    "finalise.processes": _between(1, 64),
    "finalise.mp3_quality": _between(0, 9),
    "finalise.mp3_kbit_s": _between(16, 320),
    "web.bind_address": _ADDRESS,
    "web.port": _between(0, 65535),
    "web.https": _one_of("auto", "on", "off"),
    "web.redirect_port": _between(0, 65535),
    "web.trusted_proxies": Range(
        _are_networks, "a list of addresses and networks, such as 192.0.2.7 or 192.0.2.0/28"
    ),
    "web.host_names": Range(
        lambda value: (
            isinstance(value, tuple)
            and len(value) > 0
            and all(_HOST_NAME.fullmatch(name) is not None for name in value)
        ),
        "a list of one or more host names",
    ),
    "web.workers": _between(1, 64),
    "web.language": _one_of("en", "it", "fr"),
    "metrics.bind_address": _ADDRESS,
    "metrics.recorder_port": _between(0, 65535),
    "metrics.worker_port": _between(0, 65535),
    "metrics.web_port": _between(0, 65535),
    "web.time_zone": Range(_is_zone, "an IANA name such as Europe/Rome"),
}
