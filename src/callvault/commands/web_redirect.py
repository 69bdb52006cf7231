"""Plain HTTP beside HTTPS: leads browsers to it, and does nothing else.

An answer is one packet. Bodies are not read; what a form sent this way has travelled readable
already, and is not sent on.
"""

from http.server import BaseHTTPRequestHandler

from callvault.config.sections import WebConfig
from callvault.monitoring.http_server import PATIENCE_S, SmallServer

LONGEST_PATH = 2000


class Redirector(SmallServer):
    """Answers on one port until it is closed."""

    def __init__(self, config: WebConfig) -> None:
        """Bind. Raises OSError."""

        class Handler(_Handler):
            web = config

        super().__init__(Handler, config.bind_address, config.redirect_port, name="redirect")


class _Handler(BaseHTTPRequestHandler):
    """One request. The configuration is set by the server."""

    web: WebConfig
    timeout = PATIENCE_S
    server_version = "Callvault"
    sys_version = ""

    def do_GET(self) -> None:
        """Lead to the same page by HTTPS; 400 for a name that is not ours."""
        place = https_address(self.web, self.headers.get("Host", ""), self.path)
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
