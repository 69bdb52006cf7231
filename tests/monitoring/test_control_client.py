"""The client of the control API: by TLS it believes one certificate, and no other."""

import socket
import ssl
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from msgspec.structs import replace

from callvault import clock
from callvault.monitoring.control_client import NoAnswer, ask
from callvault.monitoring.http_server import SmallServer
from callvault.monitoring.live_calls import ControlDoor
from callvault.recorder.server_certificate import ensure_server_certificate


class _Handler(BaseHTTPRequestHandler):
    timeout = 5

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Authorization"].encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def drawn(folder: Path, name: str) -> tuple[str, ssl.SSLContext]:
    """Return a certificate of a node, and what a server shows it with."""
    certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
    ensure_server_certificate(
        certificate, key, node=name, addresses=("127.0.0.1",), now=clock.read().utc
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate.read_text(), context


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ControlDoor]:
    """A door that is reached by TLS."""
    certificate, context = drawn(tmp_path, "rec-1")
    server = SmallServer(_Handler, "127.0.0.1", 0, name="test", tls=context)
    yield ControlDoor(server.port, "of-the-test", "127.0.0.1", certificate)
    server.close()


def test_the_node_whose_certificate_is_known_is_asked(door: ControlDoor) -> None:
    assert ask(door, "GET", "/calls", patience_s=20).body == b"Bearer of-the-test"


def test_nobody_else_gets_the_token(door: ControlDoor, tmp_path: Path) -> None:
    other, _context = drawn(tmp_path, "rec-2")
    with pytest.raises(NoAnswer, match="CERTIFICATE_VERIFY_FAILED"):
        ask(replace(door, certificate=other), "GET", "/calls", patience_s=20)


def test_a_door_of_tls_answers_nobody_who_speaks_none_and_stays_open(door: ControlDoor) -> None:
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as stranger:
        stranger.sendall(b"GET /calls HTTP/1.0\r\n\r\n")
        assert b"HTTP/" not in stranger.recv(1024)
    with pytest.raises(NoAnswer):
        ask(replace(door, certificate=""), "GET", "/calls", patience_s=20)
    assert ask(door, "GET", "/calls", patience_s=20).status == 200


def test_who_never_answers_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(NoAnswer):
        ask(ControlDoor(silent.getsockname()[1], "x"), "GET", "/calls", patience_s=0.2)
