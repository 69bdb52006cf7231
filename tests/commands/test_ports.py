"""Ports are tried before anything is started."""

import socket
from collections.abc import Iterator
from dataclasses import replace

import pytest

from callvault.commands.ports import check, chosen_by_us
from callvault.config.sections import Config, SipConfig, WebConfig
from callvault.errors import ConfigError

HERE = Config(
    sip=SipConfig(bind_address="127.0.0.1", port=0), web=WebConfig(bind_address="127.0.0.1", port=0)
)


@pytest.fixture(params=["udp", "tcp"])
def taken(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A port that somebody has."""
    kind = socket.SOCK_DGRAM if request.param == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind(("127.0.0.1", 0))
        if request.param == "tcp":
            other.listen(1)
        yield request.param.upper(), other.getsockname()[1]


@pytest.mark.flow
def test_free_ports_pass() -> None:
    check(HERE)


@pytest.mark.flow
def test_a_taken_sip_port_names_setting_and_example(taken: tuple[str, int]) -> None:
    name, port = taken
    with pytest.raises(ConfigError) as refused:
        check(replace(HERE, sip=replace(HERE.sip, port=port)))
    assert str(refused.value) == (
        f"sip.port: {name} port {port} is taken by another program; choose another, "
        "for example --set sip.port=5070"
    )


@pytest.mark.flow
def test_a_taken_portal_port_names_setting_and_example() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"web\.port: TCP port {port} .*web\.port=8090"):
            check(replace(HERE, web=replace(HERE.web, port=port)))


@pytest.mark.flow
def test_an_address_of_another_machine_is_named() -> None:
    config = replace(HERE, sip=replace(HERE.sip, bind_address="192.0.2.1"))
    with pytest.raises(ConfigError, match=r"sip\.bind_address: 192\.0\.2\.1 is not an address"):
        check(config)


@pytest.mark.flow
def test_port_0_becomes_a_free_one_for_all_transports() -> None:
    sip, tls, web = chosen_by_us(HERE)
    assert tls.startswith("sip.tls_port=")
    assert sip.startswith("sip.port=")
    assert web.startswith("web.port=")
    port = int(sip.partition("=")[2])
    check(replace(HERE, sip=replace(HERE.sip, port=port)))


def test_a_port_that_was_named_stays() -> None:
    named = replace(HERE, sip=replace(HERE.sip, port=5060), web=replace(HERE.web, port=8080))
    assert chosen_by_us(named) == ()
