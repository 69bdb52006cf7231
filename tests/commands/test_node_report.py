"""What the portal is told of a node's address, and of the test of it."""

import dataclasses
from pathlib import Path

import pytest

from callvault.commands import node_report as module
from callvault.commands.node_report import checks_of, node_address
from callvault.config.sections import CaptureConfig, Config, NodeConfig, SipConfig
from callvault.errors import ConfigError
from callvault.monitoring.reachability import NodeAddress, NodeCheck, Outcome
from callvault.recorder.own_probe import Knock
from callvault.recorder.reachability import MediaPorts, Reachability

DOOR = ("192.0.2.200", 5060)
PORTS = MediaPorts(10000, 32767, free=498, taken=2)


@pytest.mark.parametrize(
    ("knock", "outcome"),
    [
        (Knock("udp", DOOR, "answered", 200), Outcome.PASSED),
        (Knock("tls", DOOR, "certificate", detail="certificate required"), Outcome.PASSED),
        (Knock("udp", DOOR, "silent"), Outcome.UNKNOWN),
        (Knock("tcp", DOOR, "unreachable"), Outcome.UNKNOWN),
        (Knock("tcp", DOOR, "refused"), Outcome.FAILED),
        (Knock("tls", DOOR, "tls", detail="wrong version"), Outcome.FAILED),
    ],
)
def test_each_knock_becomes_a_check(knock: Knock, outcome: Outcome) -> None:
    assert checks_of(Reachability((knock,), PORTS, 0))[0] == NodeCheck(
        knock.transport,
        outcome,
        {
            "target": "192.0.2.200:5060",
            "found": knock.outcome,
            "status": "200" if knock.status else "",
            "reason": knock.detail,
        },
    )


@pytest.mark.parametrize(
    ("open_files", "outcome", "calls"),
    [
        (0, Outcome.UNKNOWN, "0"),
        (1024, Outcome.REMARK, "104"),
        (4096, Outcome.PASSED, "719"),
    ],
)
def test_open_files_are_measured_by_the_ports(
    open_files: int, outcome: Outcome, calls: str
) -> None:
    values = {"limit": str(open_files), "calls": calls, "calls_by_ports": "250"}
    found = checks_of(Reachability((), PORTS, open_files))
    assert found[-1] == NodeCheck("open_files", outcome, values)


def test_without_a_free_port_no_call_has_media() -> None:
    none = dataclasses.replace(PORTS, free=0, problem="permission denied")
    values = {"free": "0", "taken": "2", "reason": "permission denied"}
    assert checks_of(Reachability((), none, 0))[0] == NodeCheck(
        "media_ports", Outcome.FAILED, values
    )


def test_the_address_of_a_node_is_that_of_its_settings(tmp_path: Path) -> None:
    sip = SipConfig(port=5070, advertised_address="203.0.113.4", bind_address="192.0.2.1")
    config = dataclasses.replace(
        Config(),
        node=NodeConfig(data_folder=tmp_path),
        sip=sip,
        capture=CaptureConfig(port_first=20000, port_last=20998),
    )
    assert node_address(config) == NodeAddress(
        ("203.0.113.4",), True, sip_port=5070, tls_port=5071, media_first=20000, media_last=20999
    )


def test_a_test_that_cannot_be_done_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(config: Config) -> Reachability:
        raise ConfigError("vault.key_folder", "the key cannot be read")

    monkeypatch.setattr(module, "check_reachability", fail)
    values = {"reason": "vault.key_folder: the key cannot be read"}
    assert module._tested(Config()) == (NodeCheck("test", Outcome.FAILED, values),)
