"""The test of a node, at a recorder that runs and at one that does not."""

import dataclasses
import socket
from pathlib import Path

import msgspec
import pytest

from callvault.config.sections import CaptureConfig, SipConfig
from callvault.monitoring.reachability import NodeAddress, NodeCheck, Outcome
from callvault.policy.snapshot import Snapshot
from callvault.recorder.node_test import check_node
from callvault.sip.sockets import routed_address
from tests.flows.recorder_node import LOOPBACK, SNAPSHOT, RunningRecorder

pytestmark = pytest.mark.flow


def settings(folder: Path) -> SipConfig:
    keys = folder / "keys"
    return SipConfig(
        bind_address="127.0.0.1",
        port=0,
        tls_certificate=keys / "sip-tls.crt",
        tls_key=keys / "sip-tls.key",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def capture_config() -> CaptureConfig:
    first = free_port() // 2 * 2
    return CaptureConfig(bind_address="127.0.0.1", port_first=first, port_last=first + 2)


def checked(sip: int, tls: int, *, limit: int = 4096) -> dict[str, NodeCheck]:
    address = NodeAddress(("127.0.0.1",), True, sip, tls, 20000, 20999)
    checks = check_node(address, capture_config(), open_file_limit=limit)
    return {check.code: check for check in checks}


def test_a_node_that_runs_answers_over_each_transport(tmp_path: Path) -> None:
    every = msgspec.structs.replace(LOOPBACK, transports=("udp", "tcp", "tls"))
    snapshot = msgspec.structs.replace(SNAPSHOT, trunks=(every,))
    with RunningRecorder(tmp_path, snapshot=snapshot, sip=settings(tmp_path)) as recorder:
        assert recorder.addresses is not None
        assert recorder.addresses.tls is not None
        checks = checked(recorder.addresses.udp[1], recorder.addresses.tls[1])
    assert [checks[code].outcome for code in ("udp", "tcp", "tls")] == [Outcome.PASSED] * 3
    assert [checks[code].values["status"] for code in ("udp", "tcp", "tls")] == ["200"] * 3
    assert checks["tls"].values["ends"] > "2026"


def own_address() -> str:
    """Return an address of this machine beside loopback, or loopback where there is none."""
    return routed_address("192.0.2.1")


def test_an_address_of_this_machine_is_asked_from_loopback(tmp_path: Path) -> None:
    sip = dataclasses.replace(settings(tmp_path), bind_address="0.0.0.0", tls=False)
    with RunningRecorder(tmp_path, sip=sip) as recorder:
        assert recorder.addresses is not None
        port = recorder.addresses.udp[1]
        address = NodeAddress((own_address(),), False, port, 0, 20000, 20999)
        checks = check_node(address, capture_config(), open_file_limit=0)[:2]
    target = {"target": f"{own_address()}:{port}", "status": "200"}
    assert checks == [NodeCheck(code, Outcome.PASSED, target) for code in ("udp", "tcp")]


def test_to_a_stranger_udp_is_silent_and_tcp_still_connects(tmp_path: Path) -> None:
    with RunningRecorder(tmp_path, snapshot=Snapshot(revision=1)) as recorder:
        assert recorder.addresses is not None
        checks = checked(recorder.addresses.udp[1], 0)
    assert checks["udp"].outcome is Outcome.UNKNOWN
    assert (checks["tcp"].outcome, checks["tcp"].values["status"]) == (Outcome.PASSED, "")
    assert "tls" not in checks


def test_where_nobody_listens_nothing_is_reached() -> None:
    checks = checked(free_port(), free_port())
    reasons = [(checks[code].outcome, checks[code].values["reason"]) for code in ("tcp", "tls")]
    assert reasons == [(Outcome.FAILED, "connection refused")] * 2
    assert checks["udp"].outcome is Outcome.FAILED


def test_media_ports_in_use_are_no_fault_unless_all_are() -> None:
    capture = capture_config()
    address = NodeAddress((), True, 0, 0, capture.port_first, capture.port_last)
    ports = [capture.port_first, capture.port_last]
    with socket.socket(type=socket.SOCK_DGRAM) as one, socket.socket(type=socket.SOCK_DGRAM) as two:
        one.bind(("127.0.0.1", ports[0]))
        busy = check_node(address, capture, open_file_limit=0)[0]
        assert (busy.outcome, busy.values["free"], busy.values["tried"]) == ("passed", "1", "2")
        two.bind(("127.0.0.1", ports[1]))
        assert check_node(address, capture, open_file_limit=0)[0].outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [(0, Outcome.UNKNOWN), (1024, Outcome.REMARK), (4096, Outcome.PASSED)],
)
def test_open_files_are_measured_by_the_ports(limit: int, outcome: Outcome) -> None:
    check = check_node(
        NodeAddress((), True, 0, 0, 20000, 20999), capture_config(), open_file_limit=limit
    )[-1]
    assert (check.outcome, check.values["calls_by_ports"]) == (outcome, "250")
