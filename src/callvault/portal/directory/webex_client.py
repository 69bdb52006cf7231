"""HTTP with Webex as its public API describes it: tokens, paging, rate limits, back-off.

Every answer is bounded in bytes and time; what is not whole is a SourceFault, never a shorter
list. A next page is only fetched from the address that the directory was set up with, so that
no answer leads the token elsewhere.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import msgspec
import requests
from msgspec.structs import replace

from .credentials import Credentials
from .faults import SourceFault

PAGE_SIZE = 100  # with callingData Webex answers slowly, so that more is not worth asking for
MAX_ANSWER_BYTES = 8 * 1024 * 1024
MAX_PAGES = 2_000
TRIES = 6
CONNECT_S = 5.0
READ_S = 30.0
MAX_WAIT_S = 120.0
"""A Retry-After that is longer ends the run: the schedule comes back."""
RENEW_BEFORE_S = 300.0


@dataclass
class WebexClient:
    """Asks the people API. `on_tokens` keeps what Webex gives in place of used tokens."""

    api_url: str
    credentials: Credentials
    client_id: str = ""  # empty: the access token is a fixed one, which nobody renews
    on_tokens: Callable[[Credentials], None] = lambda _given: None
    deadline: float = field(default_factory=lambda: time.monotonic() + 900.0)
    read_s: float = READ_S
    tries: int = TRIES
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.time

    def pages(self, path: str, **query: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the items of each page, to the last one."""
        url = f"{self.api_url}/{path}"
        with requests.Session() as http:
            http.trust_env = False  # no password of a .netrc goes anywhere
            for _ in range(MAX_PAGES):
                answer = self._get(http, url, query)
                yield items_of(answer.body)
                if not answer.next_url:
                    return
                url, query = self._same_place(answer.next_url), {}
        raise SourceFault("too_many", count=str(MAX_PAGES * PAGE_SIZE))

    def _same_place(self, url: str) -> str:
        here, there = urlsplit(self.api_url), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise SourceFault("webex_elsewhere", host=there.hostname or "")
        return url

    def _get(self, http: requests.Session, url: str, query: dict[str, str]) -> "Answer":
        is_renewed = False
        for attempt in range(self.tries):
            token = self._token(http)
            answer = self._send(http, "GET", url, params=query, token=token)
            if answer.status == 200:
                return answer
            if answer.status == 401 and self.client_id and not is_renewed:
                is_renewed = True
                self._renew(http)
            elif answer.is_passing and attempt < self.tries - 1:
                self._wait(answer.retry_after_s(attempt))
            else:
                raise answer.fault()
        raise answer.fault()

    def _token(self, http: requests.Session) -> str:
        """Return a token that is still good for a while."""
        held = self.credentials
        if self.client_id and (
            not held.access_token or held.expires_at - RENEW_BEFORE_S < self.now()
        ):
            self._renew(http)
        if not self.credentials.access_token:
            raise SourceFault("webex_token")
        return self.credentials.access_token

    def _renew(self, http: requests.Session) -> None:
        """Exchange the refresh token for an access token (RFC 6749, section 6)."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.credentials.client_secret,
            "refresh_token": self.credentials.refresh_token,
        }
        for attempt in range(self.tries):
            answer = self._send(http, "POST", f"{self.api_url}/access_token", data=form)
            if answer.status == 200:
                break
            if not answer.is_passing or attempt == self.tries - 1:
                raise answer.fault(refused="webex_refresh")
            self._wait(answer.retry_after_s(attempt))
        given = _decoded(answer.body, TokenAnswer)
        self.credentials = replace(
            self.credentials,
            access_token=given.access_token,
            expires_at=self.now() + given.expires_in,
            refresh_token=given.refresh_token or self.credentials.refresh_token,
        )
        self.on_tokens(self.credentials)

    def _wait(self, seconds: float) -> None:
        if seconds > min(MAX_WAIT_S, self.deadline - time.monotonic()):
            raise SourceFault("webex_busy", seconds=str(int(seconds)))
        self.sleep(seconds)

    def _send(
        self, http: requests.Session, method: str, url: str, *, token: str = "", **content: Any
    ) -> "Answer":
        headers = {"Accept": "application/json", "User-Agent": "Callvault"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            with http.request(
                method,
                url,
                headers=headers,
                timeout=(CONNECT_S, self.read_s),
                allow_redirects=False,
                stream=True,
                **content,
            ) as response:
                return self._answer(response)
        except requests.exceptions.SSLError as error:
            raise SourceFault("webex_tls", host=urlsplit(url).hostname or "") from error
        except requests.RequestException as error:
            return Answer(0, b"", {}, "", type(error).__name__)

    def _answer(self, response: requests.Response) -> "Answer":
        body = b""
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise SourceFault("too_large", server=self.api_url)
            if time.monotonic() > self.deadline:
                raise SourceFault("too_slow", server=self.api_url)
        next_url = response.links.get("next", {}).get("url", "")
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, body, headers, next_url, "")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; status 0: nothing did."""

    status: int
    body: bytes
    headers: dict[str, str]
    next_url: str
    reason: str

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        return self.status in (0, 423, 429) or self.status >= 500

    def retry_after_s(self, attempt: int) -> float:
        """Return how long to wait: what Webex asks for, else 1, 2, 4 … s."""
        asked = self.headers.get("retry-after", "")
        return float(asked) if asked.isdecimal() else float(2**attempt)

    def fault(self, *, refused: str = "webex_token") -> SourceFault:
        """Return the fault that this answer is, with what Cisco's support asks for."""
        tracking = self.headers.get("trackingid", "")[:100]
        if self.status in (400, 401) and refused == "webex_refresh":
            return SourceFault("webex_refresh", tracking=tracking)
        code = {0: "webex_silent", 401: "webex_token", 403: "webex_forbidden", 429: "webex_busy"}
        return SourceFault(
            code.get(self.status, "webex_status"),
            status=str(self.status or ""),
            reason=self.reason,
            tracking=tracking,
        )


class TokenAnswer(msgspec.Struct, frozen=True):
    """What the address of tokens answers."""

    access_token: str
    expires_in: float
    refresh_token: str = ""


class PeopleAnswer(msgspec.Struct, frozen=True):
    """A page of people; what one of them holds is read by `webex_people`."""

    items: list[dict[str, Any]]


def items_of(body: bytes) -> list[dict[str, Any]]:
    """Return the items of a page. Raises SourceFault on anything that is no page."""
    page: PeopleAnswer = _decoded(body, PeopleAnswer)
    return page.items


def _decoded(body: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceFault("webex_malformed") from error
