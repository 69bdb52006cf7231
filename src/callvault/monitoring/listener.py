"""A small HTTP listener for those who watch: /metrics, /healthz, /readyz.

It runs in threads of its own and reads the board only. Nothing of a call is on its pages.
"""

import logging
from http.server import BaseHTTPRequestHandler

from callvault.monitoring.board import Board
from callvault.monitoring.http_server import PATIENCE_S, SmallServer
from callvault.monitoring.page import CONTENT_TYPE, page

logger = logging.getLogger(__name__)


class Listener(SmallServer):
    """Answers on one port until it is closed."""

    def __init__(self, board: Board, address: str, port: int) -> None:
        """Bind; port 0 takes any free one. Raises OSError."""

        class Handler(_Handler):
            shown = board

        super().__init__(Handler, address, port, name="monitoring")

    @classmethod
    def start(cls, board: Board, address: str, port: int) -> "Listener | None":
        """Listen; None where the port is 0 (off) or taken: a call is worth more than a metric."""
        if not port:
            return None
        try:
            return cls(board, address, port)
        except OSError as error:
            logger.warning("no metrics: %s port %d: %s", address, port, error.strerror)
            return None


class _Handler(BaseHTTPRequestHandler):
    """One request. The board is set by the server."""

    shown: Board
    timeout = PATIENCE_S
    server_version = "Callvault"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer one of three pages."""
        path = self.path.partition("?")[0]
        if path == "/metrics":
            self._answer(200, page(self.shown.all_samples()), CONTENT_TYPE)
        elif path == "/healthz":
            self._say(self.shown.trouble)
        elif path == "/readyz":
            self._say(self.shown.trouble or self.shown.not_ready)
        else:
            self._answer(404, b"/metrics, /healthz, /readyz\n")

    def _say(self, trouble: str) -> None:
        """200 if all is well, else 503 with the reason."""
        self._answer(503 if trouble else 200, f"{trouble or 'ok'}\n".encode())

    def _answer(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep scrapes out of the log."""
