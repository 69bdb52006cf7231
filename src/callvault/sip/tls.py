"""SIP over TLS: a TCP endpoint whose connections shake hands first.

A handshake costs a peer nothing and us a signature, so that their number, the time they take and
how many of them one address has at once are bounded before anything is computed.
"""

import asyncio
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from callvault.sip.flow import HostPort, Transport
from callvault.sip.peer_names import peer_names
from callvault.sip.pump import Pump
from callvault.sip.sockets import neighbourhood, plain
from callvault.sip.tcp import CONNECT_TIMEOUT_S, TcpConnection, TcpEndpoint
from callvault.sip.tls_context import TlsContexts

logger = logging.getLogger(__name__)

HANDSHAKE_TIMEOUT_S = 10.0
SHUTDOWN_TIMEOUT_S = 2.0
MAX_HANDSHAKES = 256
MAX_HANDSHAKES_PER_ADDRESS = 32
ACCEPTS_A_TURN = 32  # so that a flood of connections leaves the loop to others
REST_S = 0.5  # after the system refused us a file descriptor


class TlsEndpoint(TcpEndpoint):
    """One listening port for TLS; `contexts` may be replaced at any time."""

    transport: ClassVar[Transport] = "tls"

    def __init__(
        self,
        pump: Pump[Any],
        *,
        contexts: TlsContexts,
        handshake_s: float = HANDSHAKE_TIMEOUT_S,
        max_handshakes: int = MAX_HANDSHAKES,
        max_handshakes_per_address: int = MAX_HANDSHAKES_PER_ADDRESS,
        knows: Callable[[str], bool] = lambda host: True,
        **bounds: Any,
    ) -> None:
        """`knows` says whose address is known: a quarter of the handshakes is kept for them."""
        super().__init__(pump, **bounds)
        self.contexts = contexts
        self.failed_handshakes = 0
        self._handshake_s = handshake_s
        self._max_handshakes = max_handshakes
        self._max_handshakes_per_address = max_handshakes_per_address
        self._knows = knows
        self._listener: socket.socket | None = None
        self._handshakes: Counter[str] = Counter()
        self._resting: asyncio.TimerHandle | None = None

    async def _listen(self, listener: socket.socket) -> None:
        self._address = listener.getsockname()[:2]
        self._listener = listener
        self._loop.add_reader(listener, self._accept)

    def names_of(self, transport: asyncio.BaseTransport) -> tuple[str, ...]:
        """Names of the peer's certificate; none if it showed none, or nobody verified it."""
        return peer_names(transport.get_extra_info("peercert") or {})

    async def close(self) -> None:
        """Stop listening, shake no more hands and close all connections."""
        if self._resting is not None:
            self._resting.cancel()
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None
        await super().close()

    def _accept(self) -> None:
        for _ in range(ACCEPTS_A_TURN):
            if self._listener is None:
                return
            try:
                accepted, address = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as problem:
                self._rest(problem)
                return
            self._welcome(accepted, plain(address)[0])

    def _rest(self, problem: OSError) -> None:
        """Wait for file descriptors: what knocks would be reported again and again."""
        logger.warning("tls connections are not accepted: %s", problem)
        if self._listener is not None:
            self._loop.remove_reader(self._listener)
            self._resting = self._loop.call_later(
                REST_S, self._loop.add_reader, self._listener, self._accept
            )

    def _welcome(self, accepted: socket.socket, host: str) -> None:
        """Begin the handshake, unless there are too many."""
        accepted.settimeout(0)
        peer = neighbourhood(host)
        if self._is_at_limit(peer, is_known=self._knows(host)):
            logger.info("too many connections or handshakes, one from %s closed", host)
            accepted.close()
            return
        self._handshakes[peer] += 1
        task = self._loop.create_task(self._shake_hands(accepted, host, peer))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def _is_at_limit(self, peer: str, *, is_known: bool) -> bool:
        """Whether another connection would be one too many; asked before anything is computed."""
        under_way, of_peer = self._handshakes.total(), self._handshakes[peer]
        is_full = len(self._by_id) >= self._max_connections and not self._silent
        return (
            is_full
            or under_way >= (self._max_handshakes if is_known else self._max_handshakes * 3 // 4)
            or of_peer >= self._max_handshakes_per_address
            or self._per_address[peer] + of_peer >= self._max_per_address
        )

    async def _shake_hands(self, accepted: socket.socket, host: str, peer: str) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._new_connection,
                accepted,
                ssl=self.contexts.server,
                ssl_handshake_timeout=self._handshake_s,
                ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S,
            )
        except (OSError, TimeoutError, EOFError) as problem:
            self.failed_handshakes += 1
            logger.info("tls handshake with %s failed: %s", host, _reason(problem))
        finally:
            self._handshakes[peer] -= 1
            if not self._handshakes[peer]:
                del self._handshakes[peer]

    async def _open(self, remote: HostPort) -> TcpConnection:
        _, connection = await self._loop.create_connection(
            self._new_connection,
            *remote,
            ssl=self.contexts.client,
            ssl_handshake_timeout=CONNECT_TIMEOUT_S,
            ssl_shutdown_timeout=SHUTDOWN_TIMEOUT_S,
        )
        return connection


def _reason(problem: BaseException) -> str:
    if isinstance(problem, ssl.SSLError):
        return problem.reason or problem.strerror or "no TLS"
    return str(problem) or type(problem).__name__
