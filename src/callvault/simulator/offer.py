"""The session descriptions of a simulated call, and reading what was answered to them.

Written and read by hand and apart from `callvault.sdp`, so that a fault there cannot hide
itself: the simulator checks each answer as a strict SRC would (RFC 3264, RFC 7866).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from callvault.simulator.codecs import PAYLOAD_TYPES
from callvault.simulator.metadata import MEDIA_TYPE
from callvault.simulator.script import Codec

_RTPMAP = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000"}
_BOUNDARY = "callvault-src-boundary"


@dataclass(frozen=True, slots=True)
class OfferedStream:
    """One m-line of an offer: where its packets come from, and its label."""

    port: int
    label: str
    crypto: str = ""  # the line that tells its key; empty: plain RTP


@dataclass(frozen=True, slots=True)
class AnsweredStream:
    """One m-line of an answer. Port 0: refused."""

    port: int
    address: str
    payload_types: tuple[int, ...]
    direction: str
    label: str
    crypto: str = ""  # tag and suite of the key that the recorder tells of itself


def build(
    streams: Sequence[OfferedStream],
    *,
    address: str,
    session_id: int,
    version: int,
    codec: Codec,
    held: bool = False,
) -> bytes:
    """Return an offer: one m-line a stream, the call's codec first, the others behind it."""
    family = "IP6" if ":" in address else "IP4"
    preferred = PAYLOAD_TYPES[codec]
    payload_types = [preferred, *(pt for pt in _RTPMAP if pt != preferred)]
    text = [
        "v=0",
        f"o=callvault-src {session_id} {version} IN {family} {address}",
        "s=-",
        f"c=IN {family} {address}",
        "t=0 0",
    ]
    for stream in streams:
        protocol = "RTP/SAVP" if stream.crypto else "RTP/AVP"
        text.append(f"m=audio {stream.port} {protocol} {' '.join(map(str, payload_types))}")
        text += [stream.crypto] if stream.crypto else []
        text += [f"a=rtpmap:{pt} {_RTPMAP[pt]}" for pt in payload_types]
        text += ["a=ptime:20", "a=inactive" if held else "a=sendonly", f"a=label:{stream.label}"]
    return "\r\n".join([*text, ""]).encode("ascii")


def body_of(sdp: bytes, metadata: bytes) -> tuple[str, bytes]:
    """Return the content type and body of a request that carries both (RFC 7866)."""
    parts = (
        (b"application/sdp", b"session", sdp),
        (MEDIA_TYPE.encode("ascii"), b"recording-session", metadata),
    )
    body = b"".join(
        b"--%s\r\nContent-Type: %s\r\nContent-Disposition: %s\r\n\r\n%s\r\n"
        % (_BOUNDARY.encode("ascii"), media_type, disposition, content)
        for media_type, disposition, content in parts
    )
    return f"multipart/mixed;boundary={_BOUNDARY}", body + b"--%s--\r\n" % _BOUNDARY.encode("ascii")


@dataclass(slots=True)
class _Section:
    """An m-line and its attributes while an answer is read."""

    port: int
    payload_types: tuple[int, ...]
    address: str
    direction: str
    label: str = ""
    crypto: str = ""


@dataclass(slots=True)
class _Reading:
    """Where reading an answer stands: session level first, then one m-line after another."""

    address: str = ""
    direction: str = "sendrecv"
    sections: list[_Section] = field(default_factory=list)

    def line(self, kind: str, value: str) -> None:
        """Take in one line."""
        if kind == "m":
            _, port, _, *formats = value.split()
            types = tuple(int(text) for text in formats)
            self.sections.append(_Section(int(port), types, self.address, self.direction))
        elif kind == "c":
            self._level().address = value.split()[2]
        elif kind == "a":
            self._attribute(value)

    def _attribute(self, value: str) -> None:
        if value in ("sendrecv", "sendonly", "recvonly", "inactive"):
            self._level().direction = value
        elif value.startswith("label:") and self.sections:
            self.sections[-1].label = value.removeprefix("label:")
        elif value.startswith("crypto:") and self.sections:
            tag, suite, _ = value.removeprefix("crypto:").split(maxsplit=2)
            self.sections[-1].crypto = f"{tag} {suite}"

    def _level(self) -> "_Reading | _Section":
        return self.sections[-1] if self.sections else self


def read_answer(body: bytes) -> tuple[AnsweredStream, ...]:
    """Read the answer's m-lines. Raises ValueError where it is not a session description."""
    reading = _Reading()
    for line in body.decode("utf-8").splitlines():
        kind, equals, value = line.partition("=")
        if not equals:
            raise ValueError(f"not a line of a session description: {line!r}")
        reading.line(kind, value)
    return tuple(
        AnsweredStream(
            *(item.port, item.address, item.payload_types, item.direction, item.label, item.crypto)
        )
        for item in reading.sections
    )


def faults_of(
    answer: Sequence[AnsweredStream], offered: Sequence[OfferedStream], *, held: bool
) -> tuple[str, ...]:
    """Return what a strict SRC would find wrong with the answer; nothing if it is right."""
    if len(answer) != len(offered):
        return (f"{len(answer)} m-lines answered for {len(offered)}",)
    wanted = "inactive" if held else "recvonly"
    faults: list[str] = []
    for line, offer in zip(answer, offered, strict=True):
        if line.port == 0:
            faults.append(f"stream {offer.label} was refused")
        if line.label != offer.label:
            faults.append(f"label {line.label!r} answered for {offer.label!r}")
        if line.direction != wanted:
            faults.append(f"direction {line.direction} answered, not {wanted}")
        if not line.payload_types or line.payload_types[0] not in _RTPMAP:
            faults.append(f"payload types {line.payload_types} answered, none was offered")
        chosen = " ".join(offer.crypto.removeprefix("a=crypto:").split()[:2])
        if line.port and line.crypto != chosen:
            faults.append(f"crypto {line.crypto!r} answered for {chosen!r}")
    return tuple(faults)
