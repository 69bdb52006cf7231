"""Floods, each in a process of its own until it is ended: `-m tests.flows.flooding NAME PORT`.

They come from a stranger's address or from a trunk's that has gone mad, never from the friend's.
"""

import itertools
import os
import random
import resource
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from tests.flows.recorder_process import FLOODER, FRIEND, PORT_FIRST, PORT_LAST, STRANGER
from tests.recorder.bodies import MULTIPART, both, metadata, sdp

EVERY_S = 0.0005  # two thousand messages a second
BOMB = (
    b'<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 20))
    + b"]><recording><participant participant_id='&a19;'/></recording>"
)


def _invite(number: int, source: str, body: bytes = b"", *, head: bytes = b"") -> bytes:
    body = body or both(sdp(address=source), metadata("sip:1001@h"))
    return (
        f"INVITE sip:srs@{FRIEND} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {source}:5060;branch=z9hG4bK{number};rport\r\n"
        f"From: <sip:9@{source}>;tag={number}\r\nTo: <sip:srs@{FRIEND}>\r\n"
        f"Call-ID: flood-{number}\r\nCSeq: 1 INVITE\r\nContact: <sip:9@{source}>;+sip.src\r\n"
    ).encode() + (
        head + f"Content-Type: {MULTIPART}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )


def idle_connections(port: int) -> None:
    """Strangers and a trunk open all the connections they can, and say nothing."""
    held = []
    for number in range(3_000):
        source = FLOODER if number % 4 == 0 else f"127.0.2.{number % 200 + 1}"
        held.append(_connected(source, port))
    time.sleep(60)


def slow_loris(port: int) -> None:
    """A trunk sends a message on each of two hundred connections, byte by byte."""
    message = _invite(1, FLOODER)
    held = [_connected(FLOODER, port) for _ in range(200)]
    for byte in itertools.cycle(message[:-1]):
        for at, connection in enumerate(held):
            if not _sent(connection, bytes([byte])):
                held[at] = _connected(FLOODER, port)
        time.sleep(0.02)


def half_open(port: int) -> None:
    """A trunk begins messages and closes its side, again and again."""
    while True:
        connection = _connected(FLOODER, port)
        _sent(connection, _invite(1, FLOODER)[:200])
        connection.shutdown(socket.SHUT_WR)
        connection.close()
        time.sleep(EVERY_S)


def large_messages(port: int) -> None:
    """A trunk sends ten thousand headers, a head without end and bodies of a megabyte."""
    texts = [
        _invite(1, FLOODER, head=b"A: b\r\n" * 10_000),
        _invite(2, FLOODER, head=b"A: " + b"b" * 1_000_000 + b"\r\n"),
        _invite(3, FLOODER, b"--recording-boundary\r\n" * 45_000),
        b"\r\n" * 500_000,
    ]
    for text in itertools.cycle(texts):
        connection = _connected(FLOODER, port)
        _sent(connection, text)
        connection.close()
        time.sleep(0.02)


def tls_silence(port: int) -> None:
    """Strangers and a trunk connect for TLS, and never begin their handshake."""
    held = []
    for number in itertools.count():
        source = FLOODER if number % 4 == 0 else f"127.0.2.{number % 40 + 1}"
        try:
            held.append(_connected(source, port))
        except OSError:
            time.sleep(0.01)
        held = held[-1_000:]
        time.sleep(0.002)


def tls_nonsense(port: int) -> None:
    """A trunk begins handshakes and goes on with nonsense."""
    while True:
        connection = _connected(FLOODER, port)
        _sent(connection, b"\x16\x03\x01\x02\0\x01" + os.urandom(1_000))
        connection.close()
        time.sleep(0.005)


def tls_messages(port: int) -> None:
    """A trunk shakes hands again and again, and sends what is too large."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    while True:
        with suppress(OSError), context.wrap_socket(_connected(FLOODER, port)) as connection:
            connection.sendall(_invite(1, FLOODER, head=b"A: b\r\n" * 10_000))


def xml_bombs(port: int) -> None:
    """A trunk sends metadata that would grow without end."""
    _datagrams(FLOODER, port, (_invite(n, FLOODER, both(sdp(), BOMB)) for n in itertools.count()))


def invites_of_a_stranger(port: int) -> None:
    """A stranger sends INVITEs."""
    _datagrams(STRANGER, port, (_invite(number, STRANGER) for number in itertools.count()))


def invites_of_a_trunk(port: int) -> None:
    """A trunk sends INVITEs and acknowledges none."""
    _datagrams(FLOODER, port, (_invite(number, FLOODER) for number in itertools.count()))


def nonsense(port: int) -> None:
    """A trunk sends bytes."""
    chance = random.Random(1)
    _datagrams(FLOODER, port, (chance.randbytes(chance.randrange(1, 1_400)) for _ in _forever()))


def media_of_a_stranger(port: int) -> None:
    """A stranger sends RTP to every port that could be open."""
    _media(STRANGER)


def media_of_random_sources(port: int) -> None:
    """An allowed address sends RTP of ever new synchronisation sources to every port."""
    _media(FRIEND)


def _media(source: str) -> None:
    sender = _bound(source)
    ports = range(PORT_FIRST, PORT_LAST + 2)
    for port in itertools.cycle(ports):
        sender.sendto(b"\x80\x08\0\1\0\0\0\xa0" + os.urandom(4 + 160), (FRIEND, port))
        if port == PORT_LAST:
            time.sleep(0.02)  # 400 packets in 20 ms: every port hears eight times a voice's worth


def _datagrams(source: str, port: int, messages: Iterator[bytes]) -> None:
    sender = _bound(source)
    for message in messages:
        sender.sendto(message, (FRIEND, port))
        time.sleep(EVERY_S)


def _bound(source: str) -> socket.socket:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.bind((source, 0))
    return sender


def _connected(source: str, port: int) -> socket.socket:
    connection = socket.socket()
    connection.bind((source, 0))
    connection.settimeout(5)
    connection.connect((FRIEND, port))
    return connection


def _sent(connection: socket.socket, data: bytes) -> bool:
    try:
        connection.sendall(data)
    except OSError:
        return False
    return True


def _forever() -> Iterator[int]:
    return itertools.count()


FLOODS: dict[str, Callable[[int], None]] = {
    flood.__name__: flood
    for flood in (
        idle_connections,
        slow_loris,
        half_open,
        large_messages,
        tls_silence,
        tls_nonsense,
        tls_messages,
        xml_bombs,
        invites_of_a_stranger,
        invites_of_a_trunk,
        nonsense,
        media_of_a_stranger,
        media_of_random_sources,
    )
}

if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    os.nice(5)
    FLOODS[sys.argv[1]](int(sys.argv[2]))
