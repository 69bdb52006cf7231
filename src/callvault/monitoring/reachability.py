"""Where a node is reached, and what a test of that found: values that nodes and portal share."""

from enum import StrEnum

import msgspec


class NodeAddress(msgspec.Struct, frozen=True):
    """Where a node is reached, as its settings and its routes say."""

    addresses: tuple[str, ...]
    is_advertised: bool  # set by hand; else the address of the route to most peers
    sip_port: int  # UDP and TCP
    tls_port: int  # 0: no TLS
    media_first: int
    media_last: int


class Outcome(StrEnum):
    """What came of one check."""

    PASSED = "passed"
    FAILED = "failed"
    REMARK = "remark"  # it works, within limits
    UNKNOWN = "unknown"  # cannot be told from here


class NodeCheck(msgspec.Struct, frozen=True):
    """One check. `values` are what its sentence needs."""

    code: str  # udp, tcp, tls, media_ports, open_files; test: it could not be done
    outcome: Outcome
    values: dict[str, str]
