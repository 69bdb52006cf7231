"""Whether a node finds out that it is reached: by each transport, without a trunk for itself."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from callvault.commands.reachable import report
from callvault.config.sections import CaptureConfig, Config, SipConfig
from callvault.errors import ConfigError
from callvault.policy.snapshot import Snapshot
from callvault.recorder.files import HEARTBEAT_FILE
from callvault.recorder.own_probe import Knock
from callvault.recorder.reachability import (
    MediaPorts,
    Reachability,
    check_reachability,
    listening_ports,
    own_address_towards,
    own_addresses,
    try_media_ports,
)
from callvault.spool.entries import PeerAttempt
from tests.flows.authority import Authority
from tests.flows.recorder_node import RunningRecorder, wait_until
from tests.flows.test_recorder_tls import settings

pytestmark = pytest.mark.flow

NOBODY = Snapshot(revision=1)
CAPTURE = CaptureConfig(bind_address="127.0.0.1", port_first=24000, port_last=24018, sweep_ms=20)


def node(folder: Path, sip: SipConfig) -> RunningRecorder:
    return RunningRecorder(folder, NOBODY, capture=CAPTURE, sip=sip)


def checked(recorder: RunningRecorder) -> Reachability:
    wait_until((recorder.folder / HEARTBEAT_FILE).exists)
    return asyncio.run(check_reachability(recorder._config()))


def test_every_door_answers_a_node_that_no_trunk_lets_in(tmp_path: Path) -> None:
    with node(tmp_path, settings(tmp_path)) as recorder:
        found = checked(recorder)
        assert recorder.addresses is not None
        udp, tcp, tls = recorder.addresses
        assert tls is not None
        assert found.knocks == (
            Knock("udp", udp, "answered", 200),
            Knock("tcp", tcp, "answered", 200),
            Knock("tls", tls, "answered", 200),
        )
        assert found.is_good
        assert found.open_files > 500
        assert [one for one in recorder.node_events() if isinstance(one, PeerAttempt)] == []
        assert report(found)[0] == f"udp     127.0.0.1:{udp[1]}: answered 200"


def test_a_door_that_wants_a_certificate_is_reached(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    sip = settings(tmp_path, tls_peers_file=authority.file, tls_client_certificate="required")
    with node(tmp_path, sip) as recorder:
        found = checked(recorder)
        assert [one.outcome for one in found.knocks] == ["answered", "answered", "certificate"]
        assert found.is_good


def test_an_advertised_address_that_leads_elsewhere_is_told(tmp_path: Path) -> None:
    sip = settings(tmp_path, tls=False, advertised_address="127.0.0.9")
    with node(tmp_path, sip) as recorder:
        found = checked(recorder)
        assert {one.address[0] for one in found.knocks} == {"127.0.0.9"}
        assert {one.outcome for one in found.knocks} <= {"refused", "silent"}
        assert not found.is_good


def test_without_a_recorder_nothing_answers(tmp_path: Path) -> None:
    config = Config(
        node=replace(Config().node, data_folder=tmp_path),
        sip=SipConfig(bind_address="127.0.0.1", port=1, tls=False),
        capture=CAPTURE,
        vault=replace(Config().vault, key_folder=tmp_path),
    )
    found = asyncio.run(check_reachability(config))
    assert [one.outcome for one in found.knocks] == ["refused", "refused"]
    assert found.open_files == 0
    assert report(found)[-1] == "files   not known: the recorder does not run here"


def test_who_has_not_the_nodes_key_may_not_ask(tmp_path: Path) -> None:
    (tmp_path / "node.key").write_bytes(b"short")
    config = Config(vault=replace(Config().vault, key_folder=tmp_path))
    with pytest.raises(ConfigError, match="node's key"):
        asyncio.run(check_reachability(config))


def test_ports_that_others_hold_are_counted() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 24003))
        assert try_media_ports(CAPTURE) == MediaPorts(24000, 24018, 9, 1)
    foreign = replace(CAPTURE, bind_address="192.0.2.1")
    found = try_media_ports(foreign)
    assert (found.free, found.problem) == (0, "Cannot assign requested address")


@pytest.mark.parametrize(
    ("sip", "peer", "address"),
    [
        (SipConfig(), "127.0.0.1", "127.0.0.1"),
        (SipConfig(bind_address="192.0.2.9"), "127.0.0.1", "192.0.2.9"),
        (SipConfig(advertised_address="203.0.113.5"), "127.0.0.1", "203.0.113.5"),
        (SipConfig(advertised_address="203.0.113.5"), "::1", "::1"),
        (SipConfig(advertised_address_ipv6="2001:db8::5"), "::1", "2001:db8::5"),
        (SipConfig(advertised_address="2001:db8::5"), "::1", "2001:db8::5"),
    ],
)
def test_the_address_in_contact_and_sdp_is_the_one_for_that_peer(
    sip: SipConfig, peer: str, address: str
) -> None:
    assert own_address_towards(sip, peer) == address


def test_each_advertised_address_is_one_of_ours() -> None:
    sip = SipConfig(advertised_address="203.0.113.5", advertised_address_ipv6="2001:db8::5")
    assert own_addresses(sip) == ("203.0.113.5", "2001:db8::5")
    assert own_addresses(SipConfig(bind_address="127.0.0.1")) == ("127.0.0.1",)


def test_the_recorder_knows_its_ports_better_than_the_settings(tmp_path: Path) -> None:
    config = Config(node=replace(Config().node, data_folder=tmp_path))
    assert listening_ports(config) == {"udp": 5060, "tcp": 5060, "tls": 5061}
    beat = tmp_path / HEARTBEAT_FILE
    beat.parent.mkdir()
    beat.write_text('{"sip": "udp/tcp 40000, tls 40001"}')
    assert listening_ports(config) == {"udp": 40000, "tcp": 40000, "tls": 40001}
