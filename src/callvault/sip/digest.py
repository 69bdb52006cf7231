"""Digest authentication, the server's side (RFC 7616, RFC 8760): challenges and their answers.

Nonces are signed with their time instead of being remembered; only of those that were answered is
remembered which counts were used. What is kept is bounded, and forgetting only makes a peer answer
a fresh challenge. Neither passwords nor answers are ever part of an error or an event.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial
from secrets import token_bytes, token_hex

from callvault.sip.headers import parse_parameters, split_list
from callvault.sip.message import Request

NONCE_LIFETIME_S = 300.0
MAX_NONCES = 4_096
REPLAY_WINDOW = 64  # counts that may overtake each other on UDP
MAX_ANSWERS = 4  # Authorization headers looked at: one for each algorithm, and some to spare

_RAW = ("utf-8", "surrogateescape")
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_ALGORITHMS: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "SHA-256": hashlib.sha256,  # first: a client takes the first that it knows
    "MD5": partial(hashlib.md5, usedforsecurity=False),  # else systems in FIPS mode refuse it
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a peer must prove that it knows: H(user:realm:password), by algorithm."""

    user: str
    realm: str
    ha1_md5: str = field(default="", repr=False)
    ha1_sha256: str = field(default="", repr=False)

    def ha1(self, algorithm: str) -> str:
        """Return the hash for an algorithm; empty where it is not offered."""
        return {"MD5": self.ha1_md5, "SHA-256": self.ha1_sha256}.get(algorithm, "").lower()


class Outcome(Enum):
    """What came of looking at a request."""

    PROVEN = auto()
    ABSENT = auto()  # no answer to a challenge of this realm: ask
    STALE = auto()  # right, but its nonce is used up: ask again, the peer need not ask a human
    WRONG = auto()


@dataclass(frozen=True, slots=True)
class _Answer:
    """One Authorization header."""

    user: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    count: str
    client_nonce: str
    protection: str

    @classmethod
    def parse(cls, value: str) -> "_Answer | None":
        """Read a header value; None if it is not Digest."""
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() != "digest":
            return None
        parts = parse_parameters(";".join(split_list(rest)))
        found = {name.lower(): text for name, text in parts}
        return cls(
            found.get("username", ""),
            found.get("realm", ""),
            found.get("nonce", ""),
            found.get("uri", ""),
            found.get("response", "").lower(),
            found.get("algorithm", "MD5").upper(),
            found.get("nc", ""),
            found.get("cnonce", ""),
            found.get("qop", "").lower(),
        )

    def is_right(self, method: str, ha1: str) -> bool:
        """Whether the response proves the password (RFC 7616, section 3.4.1)."""
        hashed = f"{method}:{self.uri}"
        parts = (ha1, self.nonce, self.count, self.client_nonce, "auth", self._hash(hashed))
        expected, given = self._hash(":".join(parts)).encode(), self.response.encode(*_RAW)
        return hmac.compare_digest(expected, given)

    def _hash(self, text: str) -> str:
        digest = _ALGORITHMS[self.algorithm]
        return digest(text.encode(*_RAW)).hexdigest()


@dataclass(slots=True)
class _Used:
    """Which counts of a nonce were used: the highest, and a bit for each of those below it."""

    issued_s: float
    highest: int = 0
    below: int = 0

    def take(self, count: int) -> bool:
        """Use a count; False if it was used, or lies too far back to know."""
        if count > self.highest:
            # A jump may be of 2**32: no more bits are shifted than are kept.
            shift = min(count - self.highest, REPLAY_WINDOW + 1)
            self.below = (self.below << shift | 1 << (shift - 1)) & ((1 << REPLAY_WINDOW) - 1)
            self.highest = count
            return True
        behind = self.highest - count
        if not 0 < behind <= REPLAY_WINDOW or self.below >> (behind - 1) & 1:
            return False
        self.below |= 1 << (behind - 1)
        return True


class Authenticator:
    """Challenges peers and judges their answers. Time is that of the agent, in seconds."""

    def __init__(self, *, key: bytes | None = None) -> None:
        self._key = key or token_bytes(32)
        self._used: dict[str, _Used] = {}
        self._forgotten_s = float("-inf")  # nonces issued by then may have been used

    def judge(self, request: Request, wanted: Credentials, now: float) -> Outcome:
        """Look for an answer that proves the credentials, and use it up."""
        values = request.headers.all("authorization")[:MAX_ANSWERS]
        answers = [one for one in map(_Answer.parse, values) if one and one.realm == wanted.realm]
        known = [one for one in answers if self._issued_s(one.nonce, wanted) is not None]
        if not known:
            # None at all, or to a challenge of a process before this one.
            right = any(self._is_right(one, request, wanted) for one in answers)
            return Outcome.ABSENT if not answers else Outcome.STALE if right else Outcome.WRONG
        right_one = next((one for one in known if self._is_right(one, request, wanted)), None)
        if right_one is None:
            return Outcome.WRONG
        return Outcome.PROVEN if self._use(right_one, wanted, now) else Outcome.STALE

    def challenges(
        self, wanted: Credentials, *, now: float, stale: bool = False
    ) -> tuple[tuple[str, str], ...]:
        """WWW-Authenticate headers, one for each algorithm; none if no hash is known."""
        nonce = self._nonce(wanted, now)
        tail = ", stale=true" if stale else ""
        return tuple(
            (
                "WWW-Authenticate",
                f'Digest realm="{_quoted(wanted.realm)}", nonce="{nonce}", '
                f'algorithm={algorithm}, qop="auth", charset=UTF-8{tail}',
            )
            for algorithm in _ALGORITHMS
            if wanted.ha1(algorithm)
        )

    def _is_right(self, one: _Answer, request: Request, wanted: Credentials) -> bool:
        """Whether user and response are right. The URI is the answer's own.

        Proxies rewrite the Request-URI on the way; replay is prevented by the count.
        """
        ha1 = wanted.ha1(one.algorithm)
        is_complete = one.protection == "auth" and _COUNT.fullmatch(one.count) is not None
        if not ha1 or not is_complete or not one.client_nonce or one.user != wanted.user:
            return False
        return one.is_right(request.method, ha1)

    def _use(self, one: _Answer, wanted: Credentials, now: float) -> bool:
        issued_s = self._issued_s(one.nonce, wanted)
        if issued_s is None or issued_s <= self._forgotten_s:
            return False
        if not 0 <= now - issued_s <= NONCE_LIFETIME_S:
            return False
        used = self._used.get(one.nonce)
        if used is None:
            self._make_room(now)
            used = self._used[one.nonce] = _Used(issued_s)
        return issued_s > self._forgotten_s and used.take(int(one.count, 16))

    def _make_room(self, now: float) -> None:
        """Forget what is over anyhow; else the oldest, and with it all that is as old."""
        if len(self._used) < MAX_NONCES:
            return
        limit_s = now - NONCE_LIFETIME_S
        self._used = {nonce: one for nonce, one in self._used.items() if one.issued_s >= limit_s}
        if len(self._used) >= MAX_NONCES:
            oldest = sorted(one.issued_s for one in self._used.values())
            self._forgotten_s = oldest[MAX_NONCES // 4]
            self._used = {
                nonce: one for nonce, one in self._used.items() if one.issued_s > self._forgotten_s
            }

    def _nonce(self, wanted: Credentials, now: float) -> str:
        said = f"{round(now * 1000):x}.{token_hex(8)}"
        return f"{said}.{self._signature(said, wanted)}"

    def _issued_s(self, nonce: str, wanted: Credentials) -> float | None:
        """Return when one of our nonces was made; None for any other."""
        said, _, signature = nonce.rpartition(".")
        if not hmac.compare_digest(self._signature(said, wanted).encode(), signature.encode(*_RAW)):
            return None
        return int(said.partition(".")[0], 16) / 1000

    def _signature(self, said: str, wanted: Credentials) -> str:
        """Sign for one trunk only: a nonce answered there is worth nothing elsewhere."""
        text = "\0".join((said, wanted.realm, wanted.user)).encode(*_RAW)
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()[:32]


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
