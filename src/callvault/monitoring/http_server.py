"""A small HTTP server in threads of its own, so many requests at once and no more."""

import logging
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, socket
from socketserver import TCPServer

logger = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""A client that says nothing for so long is let go."""
MOST_AT_ONCE = 32


class SmallServer:
    """Answers on one port until it is closed."""

    def __init__(
        self,
        handler: type[BaseHTTPRequestHandler],
        address: str,
        port: int,
        *,
        name: str,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Bind; port 0 takes any free one. Raises OSError."""
        self._server = _new_server(handler, address, port, tls)
        self._thread = threading.Thread(target=self._server.serve_forever, name=name, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is bound."""
        return int(self._server.server_address[1])

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _new_server(
    handler: type[BaseHTTPRequestHandler], address: str, port: int, tls: ssl.SSLContext | None
) -> ThreadingHTTPServer:
    free = threading.BoundedSemaphore(MOST_AT_ONCE)

    class Server(ThreadingHTTPServer):
        address_family = AF_INET6 if ":" in address else AF_INET
        daemon_threads = True
        block_on_close = False
        request_queue_size = 2 * MOST_AT_ONCE

        def server_bind(self) -> None:
            """Bind without asking DNS for our name, as HTTPServer does: it may be away."""
            if address == "::":
                self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
            TCPServer.server_bind(self)

        def get_request(self) -> tuple[socket, object]:
            """Take a connection; its handshake is left to the thread that answers it."""
            taken, client = super().get_request()
            if tls is None:
                return taken, client
            return tls.wrap_socket(taken, server_side=True, do_handshake_on_connect=False), client

        def process_request(self, request: socket | tuple[bytes, socket], client: object) -> None:
            """Answer in a thread of its own; one too many is let go at once."""
            if free.acquire(blocking=False):
                super().process_request(request, client)
            else:
                self.shutdown_request(request)

        def process_request_thread(
            self, request: socket | tuple[bytes, socket], client: object
        ) -> None:
            """Answer, and make room for the next."""
            try:
                super().process_request_thread(request, client)
            finally:
                free.release()

        def handle_error(self, request: object, client: object) -> None:
            """Say little of a client that went away."""
            logger.debug("a client went away", exc_info=True)

    return Server((address, port), handler)
