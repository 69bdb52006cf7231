"""Carries SIP of a client that has no TLS to a recorder that is to be called by it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from callvault.sip import HostPort

_PLAIN = (b"SIP/2.0/TCP", b"transport=TCP")
_SEALED = (b"SIP/2.0/TLS", b"transport=TLS")  # of the same length: no Content-Length is wrong


@asynccontextmanager
async def tls_relay(target: HostPort) -> AsyncIterator[HostPort]:
    """Take TCP on a port of this machine; what comes goes on by TLS, and says so."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # it made it itself
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*target, ssl=context)
        ways = [(reader, back, _PLAIN, _SEALED), (there, writer, _SEALED, _PLAIN)]
        pumps = {asyncio.create_task(_pump(*way)) for way in ways}
        tasks.update(pumps)
        await asyncio.wait(pumps)
        tasks.difference_update(pumps)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        host, port = server.sockets[0].getsockname()
        yield (host, port)
    finally:
        server.close()
        for task in tasks:
            task.cancel()


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    words: tuple[bytes, ...],
    instead: tuple[bytes, ...],
) -> None:
    """Carry one way until it ends. A message comes in one piece: these are short ones."""
    try:
        while data := await reader.read(65_536):
            for word, other in zip(words, instead, strict=True):
                data = data.replace(word, other)
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
