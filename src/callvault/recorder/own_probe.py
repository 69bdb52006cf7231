"""Sends one OPTIONS to this node's own address, and waits for the answer. Driver."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from secrets import token_hex
from typing import Literal

from callvault import clock
from callvault.errors import ProtocolError
from callvault.sip import HostPort, Response, Transport, parse_message
from callvault.sip.probe import ProbeKey, probe_request
from callvault.sip.sockets import plain, routed_address

ANSWER_S = 3.0
REPEAT_S = 0.5

Outcome = Literal["answered", "silent", "refused", "certificate", "tls", "unreachable"]


@dataclass(frozen=True, slots=True)
class Knock:
    """What came of knocking at one address by one transport.

    `outcome`: answered (with `status`); silent, nothing came back; refused, nobody listens there;
    certificate, TLS is spoken and asks us for a certificate; tls, TLS failed otherwise;
    unreachable, there is no way there.
    """

    transport: Transport
    address: HostPort
    outcome: Outcome
    status: int = 0
    detail: str = ""

    @property
    def is_reached(self) -> bool:
        """Whether the recorder itself was met there."""
        return self.outcome in ("answered", "certificate")


async def knock(transport: Transport, address: HostPort, key: ProbeKey) -> Knock:
    """Ask, and say what came of it; never raises for what the network does."""
    try:
        async with asyncio.timeout(ANSWER_S):
            ask = _ask_by_udp if transport == "udp" else _ask_by_connection
            status = await ask(transport, address, key)
        return Knock(transport, address, "answered", status)
    except TimeoutError:
        return Knock(transport, address, "silent")
    except ConnectionRefusedError:
        return Knock(transport, address, "refused")
    except ssl.SSLError as error:
        reason = (error.reason or "").lower().replace("_", " ")
        kind: Outcome = "certificate" if "certificate" in reason else "tls"
        return Knock(transport, address, kind, detail=reason)
    except (EOFError, ConnectionError) as error:
        # TLS 1.3 tells a client that lacks a certificate only after the handshake.
        kind = "certificate" if transport == "tls" else "silent"
        return Knock(transport, address, kind, detail=str(error))
    except (OSError, ProtocolError) as error:
        return Knock(transport, address, "unreachable", detail=str(error))


async def _ask_by_connection(transport: Transport, address: HostPort, key: ProbeKey) -> int:
    context = _unchecked() if transport == "tls" else None
    reader, writer = await asyncio.open_connection(*address, ssl=context)
    try:
        local = plain(writer.get_extra_info("sockname"))
        writer.write(_request(transport, address, local, key))
        head = await reader.readuntil(b"\r\n\r\n")
        return _status(head)
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            await writer.wait_closed()


def _unchecked() -> ssl.SSLContext:
    """Return a context that asks no questions: this is about the way there, not about trust."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Answers(asyncio.DatagramProtocol):
    """Takes the first datagram, or the first error."""

    def __init__(self) -> None:
        self.first: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take it."""
        if not self.first.done():
            self.first.set_result(data)

    def error_received(self, exc: Exception) -> None:
        """Take what ICMP says."""
        if not self.first.done():
            self.first.set_exception(exc)


async def _ask_by_udp(transport: Transport, address: HostPort, key: ProbeKey) -> int:
    loop = asyncio.get_running_loop()
    source = (routed_address(address[0]), 0)
    endpoint, answers = await loop.create_datagram_endpoint(
        _Answers, local_addr=source, remote_addr=address
    )
    try:
        message = _request(transport, address, plain(endpoint.get_extra_info("sockname")), key)
        while True:
            endpoint.sendto(message)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(REPEAT_S):
                    return _status(await asyncio.shield(answers.first))
    finally:
        endpoint.close()


def _request(transport: Transport, address: HostPort, local: HostPort, key: ProbeKey) -> bytes:
    token = key.token(clock.read().realtime_ns // 1_000_000_000)
    return probe_request(address, local, transport, token=token, unique=token_hex(8))


def _status(data: bytes) -> int:
    message = parse_message(data)
    return message.status if isinstance(message, Response) else 0
