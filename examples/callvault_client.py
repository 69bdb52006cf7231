"""A small client of Callvault's API, to be copied and changed: one file, with `requests`.

export CALLVAULT_URL=https://calls.example.com CALLVAULT_TOKEN=cv_…
python callvault_client.py new --since 2026-01-01T00:00:00Z
python callvault_client.py download ID call.mp3
python callvault_client.py order --extension 2014
python callvault_client.py follow
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import requests

TIMEOUT_S = 30.0
CHUNK_BYTES = 65_536
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0


class ApiError(Exception):
    """The API refused: `code` is for programs, the text for people (RFC 9457)."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Recording:
    """What a list tells of a recording; the API tells more."""

    id: str
    started_at: datetime
    duration_ms: int
    direction: str
    owner_name: str
    remote_number: str

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Recording":
        """Take what this program uses; fields that are added later do not disturb it."""
        return cls(
            id=told["id"],
            started_at=datetime.fromisoformat(told["started_at"]),
            duration_ms=told["duration_ms"],
            direction=told["direction"],
            owner_name=told["owner_name"],
            remote_number=told["remote_number"],
        )


@dataclass(frozen=True, slots=True)
class Order:
    """A recording that was ordered: call `number` before `expires_at`, once."""

    id: str
    number: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the audit log."""

    sequence: int
    at: datetime
    actor: str
    action: str
    object_kind: str
    object_id: str


class Callvault:
    """Asks one portal in the name of one token."""

    def __init__(self, url: str, token: str) -> None:
        self._root = url.rstrip("/") + "/api/v1"
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def recordings(self, **filters: str) -> Iterator[Recording]:
        """Yield recordings, page by page: `since`, `direction`, `group` and others restrict."""
        query = {"sort": "start", "limit": "100", **filters}
        while True:
            page = self._json("GET", "/recordings", params=query)
            yield from map(Recording.read, page["items"])
            if page["next"] is None:
                return
            query["after"] = page["next"]

    def download(self, recording_id: str, to: Path) -> int:
        """Write the MP3 of a recording, and return its length; what was broken off goes on."""
        part = to.with_name(to.name + ".part")
        have = part.stat().st_size if part.exists() else 0
        try:
            self._fetch(f"/recordings/{recording_id}/audio", part, have)
        except ApiError as error:
            if error.status != requests.codes.requested_range_not_satisfiable:
                raise
            self._fetch(f"/recordings/{recording_id}/audio", part, 0)
        part.replace(to)
        return to.stat().st_size

    def _fetch(self, path: str, part: Path, have: int) -> None:
        headers = {"Range": f"bytes={have}-"} if have else {}
        answer = self._ask("GET", path, headers=headers, stream=True)
        mode = "ab" if answer.status_code == requests.codes.partial_content else "wb"
        with answer, part.open(mode) as file:
            for chunk in answer.iter_content(CHUNK_BYTES):
                file.write(chunk)

    def order_recording(self, *, extension: str, reason: str = "") -> Order:
        """Order a recording of automated dial-in: the call to its number is that user's."""
        body = {"extension": extension, "reason": reason}
        told = self._json("POST", "/automated-recordings", json=body)
        return Order(told["id"], told["number"], datetime.fromisoformat(told["expires_at"]))

    def follow(self, *, after: int = 0, pause_s: float = 5.0) -> Iterator[Event]:
        """Yield what happens, for ever: begin again with the last `sequence` and miss nothing."""
        while True:
            page = self._json("GET", "/audit", params={"after": str(after), "limit": "1000"})
            for told in page["items"]:
                yield Event(
                    told["sequence"],
                    datetime.fromisoformat(told["at"]),
                    told["actor"],
                    told["action"],
                    told["object_kind"],
                    told["object_id"],
                )
            after = page["next"]
            if not page["items"]:
                time.sleep(pause_s)

    def _json(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        return cast("dict[str, Any]", self._ask(method, path, **options).json())

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask, and ask again later where that is what the API wants (429, 503)."""
        wait_s = FIRST_WAIT_S
        while True:
            answer = self._session.request(
                method, self._root + path, timeout=TIMEOUT_S, allow_redirects=False, **options
            )
            if answer.ok:
                return answer
            told_s = answer.headers.get("Retry-After", "")
            if answer.status_code not in (429, 503) or not told_s or wait_s > LONGEST_WAIT_S:
                raise _error(answer)
            answer.close()
            time.sleep(max(wait_s, min(float(told_s), LONGEST_WAIT_S)))
            wait_s *= 2


def _error(answer: requests.Response) -> ApiError:
    try:
        told = answer.json()
    except ValueError:  # something on the way answered, such as a proxy
        told = {}
    return ApiError(answer.status_code, told.get("code", ""), told.get("detail", answer.reason))


def main(arguments: Sequence[str]) -> int:
    """Do one thing. Returns 1 if the API refused it."""
    asked = _parser().parse_args(arguments)
    client = Callvault(os.environ["CALLVAULT_URL"], os.environ["CALLVAULT_TOKEN"])
    try:
        asked.do(client, asked)
    except ApiError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _new(client: Callvault, asked: argparse.Namespace) -> None:
    for one in client.recordings(**({"since": asked.since} if asked.since else {})):
        print(one.id, one.started_at.isoformat(), one.direction, one.owner_name, one.remote_number)


def _download(client: Callvault, asked: argparse.Namespace) -> None:
    print(client.download(asked.id, asked.file), "bytes")


def _order(client: Callvault, asked: argparse.Namespace) -> None:
    order = client.order_recording(extension=asked.extension, reason=asked.reason)
    print(f"Call {order.number} before {order.expires_at:%H:%M:%S} UTC.")


def _follow(client: Callvault, asked: argparse.Namespace) -> None:
    for one in client.follow(after=asked.after):
        print(one.sequence, one.at.isoformat(), one.actor, one.action, one.object_id, flush=True)
        if one.sequence == asked.until:
            return


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Ask Callvault.")
    deeds = parser.add_subparsers(required=True)
    new = deeds.add_parser("new", help="list recordings, the oldest first")
    new.add_argument("--since", default="", help="moment with its offset: 2026-01-01T00:00:00Z")
    new.set_defaults(do=_new)
    download = deeds.add_parser("download", help="download the MP3 of a recording")
    download.add_argument("id")
    download.add_argument("file", type=Path)
    download.set_defaults(do=_download)
    order = deeds.add_parser("order", help="order a recording of automated dial-in")
    order.add_argument("--extension", required=True)
    order.add_argument("--reason", default="")
    order.set_defaults(do=_order)
    follow = deeds.add_parser("follow", help="print what happens, for administrators")
    follow.add_argument("--after", type=int, default=0, help="sequence of the last one seen")
    follow.add_argument("--until", type=int, default=-1, help="sequence to stop at")
    follow.set_defaults(do=_follow)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
