"""An OPTIONS that a node sends to itself, to learn whether it is reached under its own address.

Such a message may come from an address that no trunk has. It is let in by a signed time, which only
who has the node's key can make, and gets nothing but the answer to an OPTIONS.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from callvault.sip.flow import HostPort, Transport
from callvault.sip.headers import join_host_port
from callvault.sip.message import MalformedMessage, Request, build_headers
from callvault.sip.parsing import parse_message
from callvault.sip.requests import MAGIC_COOKIE

HEADER = "X-Callvault-Probe"
VALID_S = 60
MAX_BYTES = 2_048

_MARK = HEADER.lower().encode()
_LABEL = b"callvault probe\0"


@dataclass(frozen=True, slots=True)
class ProbeKey:
    """Signs probes and knows them again."""

    secret: bytes = field(repr=False)

    def token(self, now_s: int) -> str:
        """Return a token for a probe sent now; seconds of the wall clock."""
        return f"{now_s:x}.{self._signature(f'{now_s:x}')}"

    def vouches(self, data: bytes, now_s: int) -> bool:
        """Whether this is an OPTIONS of ours, made within a minute of now."""
        if len(data) > MAX_BYTES or not data.startswith(b"OPTIONS ") or _MARK not in data.lower():
            return False
        try:
            message = parse_message(data)
        except MalformedMessage:
            return False
        said, _, signature = (message.headers.first(HEADER) or "").partition(".")
        given = signature.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(self._signature(said).encode(), given):
            return False
        return isinstance(message, Request) and abs(int(said, 16) - now_s) <= VALID_S

    def _signature(self, said: str) -> str:
        text = _LABEL + said.encode("utf-8", "surrogateescape")
        return hmac.new(self.secret, text, hashlib.sha256).hexdigest()


def probe_request(
    target: HostPort, local: HostPort, transport: Transport, *, token: str, unique: str
) -> bytes:
    """Write the OPTIONS; `unique` makes branch, tag and Call-ID."""
    place = join_host_port(*target)
    fields = [
        (
            "Via",
            f"SIP/2.0/{transport.upper()} {join_host_port(*local)}"
            f";branch={MAGIC_COOKIE}{unique};rport",
        ),
        ("Max-Forwards", "70"),
        ("From", f"<sip:callvault@{join_host_port(*local)}>;tag={unique}"),
        ("To", f"<sip:{place}>"),
        ("Call-ID", unique),
        ("CSeq", "1 OPTIONS"),
        (HEADER, token),
    ]
    return bytes(Request(build_headers(fields), method="OPTIONS", uri=f"sip:{place}"))
