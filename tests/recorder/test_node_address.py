"""Where peers reach a node, from its settings."""

import dataclasses

import pytest

from callvault.config.sections import CaptureConfig, Config, SipConfig
from callvault.monitoring.reachability import NodeAddress
from callvault.recorder import node_address as module
from callvault.recorder.node_address import node_address

CAPTURE = CaptureConfig(port_first=20000, port_last=20998)


def address_of(sip: SipConfig) -> NodeAddress:
    return node_address(dataclasses.replace(Config(), sip=sip, capture=CAPTURE))


@pytest.fixture(autouse=True)
def _routes(monkeypatch: pytest.MonkeyPatch) -> None:
    routes = {"192.0.2.1": "198.51.100.4", "2001:db8::1": "2001:db8:9::4"}
    monkeypatch.setattr(module, "routed_address", routes.__getitem__)
    monkeypatch.setattr(module, "has_ipv6", lambda: True)
    monkeypatch.setattr(module, "usable_bind_address", lambda host: host)


def test_addresses_set_by_hand_are_told_to_peers() -> None:
    sip = SipConfig(
        port=5070, advertised_address="203.0.113.4", advertised_address_ipv6="2001:db8:7::4"
    )
    assert address_of(sip) == NodeAddress(
        addresses=("203.0.113.4", "2001:db8:7::4"),
        is_advertised=True,
        sip_port=5070,
        tls_port=5071,
        media_first=20000,
        media_last=20999,
    )


@pytest.mark.parametrize(
    ("bind", "addresses"),
    [
        ("::", ("198.51.100.4", "2001:db8:9::4")),
        ("0.0.0.0", ("198.51.100.4",)),
        ("198.51.100.9", ("198.51.100.9",)),
        ("2001:db8:9::9", ("2001:db8:9::9",)),
    ],
)
def test_without_them_those_of_the_way_out_are_found(bind: str, addresses: tuple[str]) -> None:
    found = address_of(SipConfig(bind_address=bind))
    assert (found.addresses, found.is_advertised) == (addresses, False)


def test_a_machine_without_ipv6_has_no_address_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "has_ipv6", lambda: False)
    assert address_of(SipConfig()).addresses == ("198.51.100.4",)


def test_without_tls_there_is_no_port_of_it() -> None:
    assert address_of(SipConfig(tls=False)).tls_port == 0
