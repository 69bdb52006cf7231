"""A stand-in for webexapis.com that follows the public people API: paging, tokens, rate limits."""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENT_ID, CLIENT_SECRET = "C-1", "the client's secret"
FIRST_REFRESH_TOKEN = "refresh-0"


class StandIn:
    """What it holds and how it behaves next; `calls` are the requests that came."""

    def __init__(self) -> None:
        self.people: list[dict[str, Any]] = []
        self.page_size = 2
        self.valid_tokens = {"access-0"}
        self.refresh_tokens = {FIRST_REFRESH_TOKEN}
        self.renewals = 0
        self.next_answers: deque[tuple[int, dict[str, str], bytes]] = deque()
        self.link_host = ""
        self.hangs = threading.Event()
        self.calls: list[str] = []
        self.url = ""


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        stand_in = self.stand_in
        stand_in.calls.append(self.path)
        if stand_in.hangs.is_set():
            time.sleep(3)
            return
        if stand_in.next_answers:
            self._answer(*stand_in.next_answers.popleft())
            return
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in stand_in.valid_tokens:
            self._answer(401, {"TrackingID": "T-401"}, b'{"message": "invalid token"}')
            return
        asked = parse_qs(urlsplit(self.path).query)
        assert asked["callingData"] == ["true"]
        start = int(asked.get("cursor", ["0"])[0])
        end = start + stand_in.page_size
        headers = {}
        if end < len(stand_in.people):
            host = stand_in.link_host or stand_in.url.removesuffix("/v1")
            headers["Link"] = f'<{host}/v1/people?callingData=true&cursor={end}>; rel="next"'
        body = json.dumps({"notFoundIds": None, "items": stand_in.people[start:end]}).encode()
        self._answer(200, headers, body)

    def do_POST(self) -> None:
        stand_in = self.stand_in
        stand_in.calls.append(self.path)
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        given = {name: values[0] for name, values in form.items()}
        is_right = (
            given["grant_type"] == "refresh_token"
            and (given["client_id"], given["client_secret"]) == (CLIENT_ID, CLIENT_SECRET)
            and given["refresh_token"] in stand_in.refresh_tokens
        )
        if not is_right:
            self._answer(400, {}, b'{"message": "Invalid refresh token"}')
            return
        stand_in.renewals += 1
        access, refresh = f"access-{stand_in.renewals}", f"refresh-{stand_in.renewals}"
        stand_in.valid_tokens = {access}
        stand_in.refresh_tokens.add(refresh)
        body = {
            "access_token": access,
            "expires_in": 1209600,
            "refresh_token": refresh,
            "refresh_token_expires_in": 7776000,
            "token_type": "Bearer",
        }
        self._answer(200, {}, json.dumps(body).encode())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving() -> Iterator[StandIn]:
    """Serve a stand-in on a free port of loopback."""
    stand_in = StandIn()
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    stand_in.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def webex_person(number: int, **changed: Any) -> dict[str, Any]:
    """Return a person of Webex Calling, as the API gives one."""
    return {
        "id": f"Y2lzY29zcGFyazovL3VzL1BFT1BMRS8{number}",
        "emails": [f"w{number}@example.com"],
        "phoneNumbers": [
            {"type": "mobile", "value": "+15550100999"},
            {"type": "work", "value": f"+1555010{number:04d}", "primary": True},
            {"type": "work_extension", "value": f"8{3000 + number}"},
        ],
        "extension": str(3000 + number),
        "locationId": "LOC-1",
        "displayName": f"Given{number} Family{number}",
        "firstName": f"Given{number}",
        "lastName": f"Family{number}",
        "department": "Sales",
        "status": "active",
        "invitePending": False,
        "loginEnabled": True,
        "type": "person",
        **changed,
    }
