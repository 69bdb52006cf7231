"""Plain HTTP beside HTTPS: leads browsers to it, and does nothing else.

One thread, one connection after the other: an answer is one packet. Bodies are not read; what a
form sent this way has travelled readable already, and is not sent on.
"""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import AF_INET, AF_INET6
from socketserver import ThreadingMixIn

from callvault.config.sections import WebConfig

PATIENCE_S = 5.0
MOST_AT_ONCE = 64
LONGEST_PATH = 2000


class Redirector:
    """Answers on one port until it is closed."""

    def __init__(self, web: WebConfig) -> None:
        """Bind. Raises OSError."""
        self._server = _Server(web)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
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


class _Server(ThreadingMixIn, HTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, web: WebConfig) -> None:
        self.address_family = AF_INET6 if ":" in web.bind_address else AF_INET
        self.web = web
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)
        super().__init__((web.bind_address, web.redirect_port), _Handler)

    def server_bind(self) -> None:
        """Bind without asking DNS for our name: it may be away."""
        super(HTTPServer, self).server_bind()

    def process_request(self, request: object, client_address: object) -> None:
        """Serve in a thread; beyond the bound, hang up."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        super().process_request(request, client_address)  # type: ignore[arg-type]

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve, and make room."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._free.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep clients that hang up out of the log."""


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_S
    server_version = "Callvault"
    sys_version = ""

    def do_GET(self) -> None:
        """Lead to the same page by HTTPS; 400 for a name that is not ours."""
        web = self.server.web  # type: ignore[attr-defined]
        place = https_address(web, self.headers.get("Host", ""), self.path)
        if place is None:
            self._answer(400)
        else:
            self._answer(301, place)

    do_HEAD = do_GET

    def _answer(self, status: int, place: str = "") -> None:
        self.send_response(status)
        if place:
            self.send_header("Location", place)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep visitors out of the log."""


def https_address(web: WebConfig, host_header: str, path: str) -> str | None:
    """Return where a request is led; None if it names no host of ours, or no path.

    Only names in web.host_names are led to: whoever forges a Host header gets nowhere.
    """
    host, _, after = host_header.rpartition(":")
    host = (host if host and after.isdecimal() else host_header).lower()
    is_path = path.startswith("/") and path.isascii() and path.isprintable()
    if not is_path or len(path) > LONGEST_PATH or not _is_ours(host, web.host_names):
        return None
    port = "" if web.port == 443 else f":{web.port}"
    return f"https://{host}{port}{path}"


def _is_ours(host: str, names: tuple[str, ...]) -> bool:
    """As Django's ALLOWED_HOSTS reads them: a leading dot stands for any name below."""
    return any(
        name == "*"
        or host.strip("[]") == name.lower().strip("[]")
        or (name.startswith(".") and (host.endswith(name.lower()) or host == name[1:].lower()))
        for name in names
    ) and bool(host.strip(".[]"))
