"""Time stamps for closed days, asked of an authority (RFC 3161) where one is set up.

The newest closed day is stamped: it names the one before, and so on, so that its stamp is good for
all of them. While the authority is away nothing waits for it; the last error is shown.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
from django.utils.translation import gettext, gettext_noop

from callvault.vault import (
    MAX_ANSWER_BYTES,
    StampRefused,
    TimeStamp,
    read_authorities,
    read_stamp,
    stamp_request,
)

from .entering import log_state
from .models import Head, LogState, StampSettings

logger = logging.getLogger(__name__)

CONNECT_S, READ_S, WHOLE_S = 5.0, 10.0, 20.0
FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
QUERY_TYPE = "application/timestamp-query"

TOO_MUCH = gettext_noop("its answer is too long or too slow")
NOT_TRUSTED = gettext_noop("its TLS certificate is not one that is trusted here")
TOO_LATE = gettext_noop("it did not answer in time")
OUT_OF_REACH = gettext_noop("it cannot be reached")

Fetch = Callable[[str, bytes], bytes]


class AuthoritySilent(Exception):
    """The authority gave no answer that could be a time stamp; says why."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What an authority answered, and what that proves."""

    answer: bytes
    stamp: TimeStamp


def fetch(url: str, query: bytes) -> bytes:
    """Ask an authority (RFC 3161, section 3.4). Raises AuthoritySilent. Follows no redirect."""
    until_s = time.monotonic() + WHOLE_S
    headers = {"Content-Type": QUERY_TYPE, "User-Agent": "Callvault"}
    try:
        with requests.post(
            url, data=query, headers=headers, timeout=(CONNECT_S, READ_S),
            allow_redirects=False, stream=True,
        ) as response:  # fmt: skip
            if response.status_code != 200:
                raise AuthoritySilent(f"it answered with status {response.status_code}")
            answer = b""
            for chunk in response.iter_content(16 * 1024):
                answer += chunk
                if len(answer) > MAX_ANSWER_BYTES or time.monotonic() > until_s:
                    raise AuthoritySilent(TOO_MUCH)
            return answer
    except requests.exceptions.SSLError as error:
        raise AuthoritySilent(NOT_TRUSTED) from error
    except requests.exceptions.Timeout as error:
        raise AuthoritySilent(TOO_LATE) from error
    except (requests.RequestException, ValueError) as error:
        raise AuthoritySilent(OUT_OF_REACH) from error


def ask(url: str, authorities: str, data: bytes, *, get: Fetch = fetch) -> Answered:
    """Have `data` stamped. Raises AuthoritySilent or StampRefused."""
    asked = stamp_request(data)
    answer = get(url, asked.body)
    trusted = read_authorities(authorities.encode())
    return Answered(answer, read_stamp(answer, data, trusted, nonce=asked.nonce))


def stamp_newest(*, now: datetime, get: Fetch = fetch) -> bool:
    """Stamp the newest closed day, if it is time; return whether that was done."""
    settings = StampSettings.objects.first()
    if settings is None or not settings.url:
        return False
    head = Head.objects.filter(is_closed=True).order_by("-number").first()
    if head is None or head.stamp is not None:
        return False
    state = log_state()
    if state.stamp_next_at is not None and state.stamp_next_at > now:
        return False
    try:
        answered = ask(settings.url, settings.authorities, head.signed.stamped, get=get)
    except (AuthoritySilent, StampRefused, ValueError) as error:
        _failed(state, str(error), now)
        return False
    stamp = answered.stamp
    Head.objects.filter(pk=head.pk, stamp__isnull=True).update(
        stamp=answered.answer, stamped_at=stamp.at, stamped_by=stamp.authority[:200]
    )
    LogState.objects.filter(pk=state.pk).update(
        stamp_failures=0, stamp_next_at=None, stamp_problem=""
    )
    logger.info("integrity: %s is time-stamped by %s", head.day, stamp.authority)
    return True


def problem_told(problem: str) -> str:
    """Return why there is no time stamp, in the reader's language as far as the words are ours."""
    return gettext(problem) if problem else ""


def _failed(state: LogState, problem: str, now: datetime) -> None:
    wait = min(FIRST_WAIT * 2 ** min(state.stamp_failures, 10), LONGEST_WAIT)
    logger.warning("integrity: no time stamp now: %s", problem)
    LogState.objects.filter(pk=state.pk).update(
        stamp_failures=state.stamp_failures + 1,
        stamp_next_at=now + wait,
        stamp_problem=problem[:500],
    )
