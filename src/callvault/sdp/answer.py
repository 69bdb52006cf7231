"""Answer an offer, or make one: which codec on which line, written by the book (RFC 3264).

`plan` judges each line of the offer; the recorder then opens a port for each line that wants one,
and `answer` writes our side. A `LocalDescription` is kept for the whole dialog: its version grows
only when its content changes, so that a repeated offer gets the very same answer.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from callvault.errors import OfferRefused
from callvault.sdp.crypto import Crypto, NewKey, answer_to, own_lines
from callvault.sdp.description import (
    STATIC_CODECS,
    Codec,
    Direction,
    MediaLine,
    SessionDescription,
)

Decodable = frozenset[tuple[str, int]]
"""Codecs that finalise turns into sound: (encoding, clock rate)."""
DECODABLE: Decodable = frozenset(
    {("PCMU", 8000), ("PCMA", 8000), ("G722", 8000), ("L16", 8000), ("L16", 16000)}
)
"""What the core decodes."""
DECODABLE_WITH_CODECS: Decodable = DECODABLE | frozenset(
    {("OPUS", 48000), ("AMR", 8000), ("AMR-WB", 16000), ("ILBC", 8000), ("GSM", 8000)}
    | {("SPEEX", 8000), ("SPEEX", 16000), ("G723", 8000), ("G728", 8000), ("MP4A-LATM", 90000)}
    | {(f"G729{annex}", 8000) for annex in ("", "A", "B", "AB")}
    | {(f"{aal2}G726-{rate}", 8000) for aal2 in ("", "AAL2-") for rate in (16, 24, 32, 40)}
)
"""What is decoded where the `codecs` extra is installed."""
KEPT_RAW = frozenset(
    encoding for encoding, _ in DECODABLE_WITH_CODECS if encoding != "MP4A-LATM"
) | {"ISAC"}
"""Codecs accepted when nothing decodable is offered: kept as received, decoded later (CAP-5).

Not AAC: a phone that offers it can also speak what the recorder's region lists, if it is refused.
"""

_CLOSED = "line closed by the offer"
_PLAIN_RTP = ("RTP/AVP", "RTP/AVPF")
_SECURE_RTP = ("RTP/SAVP", "RTP/SAVPF")
_NO_DTLS = "DTLS-SRTP is not supported: offer RTP/SAVP with a=crypto (SDES, RFC 4568)"
_ONLY_PLAIN = "encrypted media is refused on this trunk: offer RTP/AVP"
_ONLY_SRTP = "encrypted media is required on this trunk: offer RTP/SAVP with a=crypto (RFC 4568)"
_NO_USABLE_KEY = "no a=crypto line whose suite and parameters are supported"
_EVENT_RANGES = re.compile(r"[0-9][0-9, -]*")
_FORMAT_TOKEN = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class LinePlan:
    """What we do with one line of the offer."""

    codecs: tuple[Codec, ...] = ()  # the chosen one, then telephone events and comfort noise
    problem: str = ""  # why the line is refused; empty: it is accepted
    crypto: Crypto | None = None  # the peer's line that was chosen; None: it sends plain RTP

    @property
    def is_accepted(self) -> bool:
        """True when the line needs a port."""
        return not self.problem

    @property
    def is_closed(self) -> bool:
        """True when the offer itself closes the line, with port 0."""
        return self.problem == _CLOSED


@dataclass(frozen=True, slots=True)
class LocalMedia:
    """One m-line of ours."""

    media: str
    protocol: str
    formats: tuple[str, ...]
    port: int = 0  # 0: refused
    codecs: tuple[Codec, ...] = ()
    label: str = ""
    direction: Direction = Direction.INACTIVE
    rtcp_mux: bool = False
    crypto: tuple[Crypto, ...] = ()

    def lines(self) -> list[str]:
        """Return the m-line and its attributes."""
        text = [f"m={self.media} {self.port} {self.protocol} {' '.join(self.formats)}"]
        if self.port:
            for codec in self.codecs:
                text += _codec_lines(codec)
            text.append(f"a={self.direction.value}")
            text += ["a=rtcp-mux"] if self.rtcp_mux else []
            text += [one.line() for one in self.crypto]
        # The label is echoed on every line: OpenSIPS and NetSapiens send no RTP without it.
        return text + ([f"a=label:{self.label}"] if self.label else [])


@dataclass(frozen=True, slots=True)
class LocalDescription:
    """Our side of the session."""

    session_id: int
    address: str
    media: tuple[LocalMedia, ...]
    version: int = 1

    def __bytes__(self) -> bytes:
        family = "IP6" if ":" in self.address else "IP4"
        lines = [
            "v=0",
            f"o=- {self.session_id} {self.version} IN {family} {self.address}",
            "s=-",
            f"c=IN {family} {self.address}",
            "t=0 0",
        ]
        for media in self.media:
            lines += media.lines()
        return "".join(f"{line}\r\n" for line in lines).encode()

    def followed_by(self, new: "LocalDescription") -> "LocalDescription":
        """Return `new` as the next state of this session: same version if nothing changed."""
        same = replace(new, session_id=self.session_id, version=self.version)
        return self if same == self else replace(same, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class Transports:
    """What a trunk lets media come in."""

    srtp: bool = True
    plain: bool = True


def plan(
    offer: SessionDescription,
    transports: Transports = Transports(),
    decodable: Decodable = DECODABLE,
) -> tuple[LinePlan, ...]:
    """Judge each line of the offer, in order; `decodable`: what this node turns into sound.

    The codec is the first in the offer's order that all lines have and that can be decoded; else
    one that all lines have and that can be kept raw; else each line takes its own best.
    """
    problems = [_problem(line, transports, decodable) for line in offer.media]
    wanted = [line for line, problem in zip(offer.media, problems, strict=True) if not problem]
    common = _common_codec(wanted, decodable)
    return tuple(
        LinePlan(problem=problem)
        if problem
        else LinePlan(_line_codecs(line, common, decodable), crypto=_crypto_of(line, transports))
        for line, problem in zip(offer.media, problems, strict=True)
    )


def check_recordable(plans: Sequence[LinePlan]) -> None:
    """Raise OfferRefused, with the text for its Warning, if no line can be recorded."""
    if not any(one.is_accepted for one in plans):
        raise OfferRefused("; ".join(dict.fromkeys(one.problem for one in plans)))


def answer(
    offer: SessionDescription,
    plans: Sequence[LinePlan],
    ports: Mapping[int, int],
    *,
    address: str,
    session_id: int,
    new_key: NewKey = os.urandom,
    previous: LocalDescription | None = None,
    speaks: bool = False,
) -> LocalDescription:
    """Write our side: as many lines as the offer has, in its order; `ports` by line index.

    `speaks`: we have something to say, in clear and in G.711, to who wants to hear it.
    """
    before = previous.media if previous else ()
    own = [one.crypto for one in before] + [()] * len(offer.media)
    media = tuple(
        _answer_line(line, one, ports.get(index, 0), own[index], new_key)
        for index, (line, one) in enumerate(zip(offer.media, plans, strict=True))
    )
    if speaks:
        media = tuple(map(_speaking, offer.media, media))
    new = LocalDescription(session_id, address, media)
    return previous.followed_by(new) if previous else new


def own_offer(
    labels: Sequence[str],
    ports: Sequence[int],
    *,
    address: str,
    session_id: int,
    is_secure: bool = False,
    new_key: NewKey = os.urandom,
    decodable: Decodable = DECODABLE,
    speaks: bool = False,
) -> LocalDescription:
    """Offer one audio line a port, for an INVITE that brought no offer (CUCM, B2BUAs).

    All common codecs are listed, G.729 even where it is only kept raw: a CUCM phone cannot
    transcode what it already speaks. The rarer ones only if they can be decoded.
    """
    protocol = "RTP/SAVP" if is_secure else "RTP/AVP"
    direction = Direction.SENDRECV if speaks and not is_secure else Direction.RECVONLY
    rarer = [one for one in _RARER if _is_decodable(one, decodable)]
    common = [STATIC_CODECS[number] for number in (0, 8, 9, 18)]
    codecs = (*common, *rarer, _TELEPHONE_EVENT, _NOISE)
    formats = tuple(str(codec.payload_type) for codec in codecs)
    media = tuple(
        LocalMedia(
            *("audio", protocol, formats, port, codecs, label, direction),
            crypto=own_lines(new_key) if is_secure else (),
        )
        for label, port in zip(labels, ports, strict=True)
    )
    return LocalDescription(session_id, address, media)


_TELEPHONE_EVENT = Codec(101, "TELEPHONE-EVENT", 8000, parameters="0-15")
_NOISE = STATIC_CODECS[13]
# With the payload types that phones of CUCM and its gateways use for them.
_RARER = (
    Codec(114, "OPUS", 48000, 2),
    Codec(116, "ILBC", 8000, parameters="mode=20"),
    STATIC_CODECS[15],
    Codec(102, "MP4A-LATM", 90000, parameters="profile-level-id=24;object=23;bitrate=64000"),
)


def _problem(line: MediaLine, transports: Transports, decodable: Decodable) -> str:
    """Say why a line cannot be recorded; empty when it can."""
    if line.media != "audio":
        return f"{line.media[:32]} is not recorded"
    if line.port == 0:
        return _CLOSED
    problem = _problem_of_transport(line, transports)
    if not problem and not any(_is_recordable(codec, decodable) for codec in line.codecs):
        return "no codec that can be recorded"
    return problem


def _problem_of_transport(line: MediaLine, transports: Transports) -> str:
    """Say why a line's media cannot be taken as they would come; empty when they can."""
    is_secure = line.protocol in _SECURE_RTP
    if not is_secure and line.protocol not in _PLAIN_RTP:
        return _NO_DTLS if "SAVP" in line.protocol else "not RTP"
    if is_secure and not line.has_crypto and line.has_fingerprint:
        return _NO_DTLS
    if is_secure and not transports.srtp:
        return _ONLY_PLAIN
    if is_secure and line.has_crypto and not line.crypto:
        return _NO_USABLE_KEY
    # RTP/SAVP without any key is plain RTP in the field (SEMS): taken where plain RTP is.
    return "" if transports.plain or line.crypto else _ONLY_SRTP


def _crypto_of(line: MediaLine, transports: Transports) -> Crypto | None:
    """Return the first line that we can honour: they stand in the peer's order of preference."""
    return line.crypto[0] if line.crypto and transports.srtp else None


def _is_decodable(codec: Codec, decodable: Decodable) -> bool:
    if (codec.encoding, codec.clock_rate_hz) not in decodable or _is_interleaved(codec):
        return False
    return codec.channels == 1 or codec.encoding == "OPUS"  # always announced with two


def _is_interleaved(codec: Codec) -> bool:
    """Whether AMR frames come sorted or interleaved (RFC 4867, section 8.1): kept raw."""
    if codec.encoding not in ("AMR", "AMR-WB"):
        return False
    parameters = codec.parameters.lower().replace(" ", "")
    return "interleaving" in parameters or "robust-sorting=1" in parameters


def _is_recordable(codec: Codec, decodable: Decodable) -> bool:
    return _is_decodable(codec, decodable) or codec.encoding in KEPT_RAW


def _same(one: Codec, other: Codec) -> bool:
    return (one.encoding, one.clock_rate_hz, one.channels) == (
        other.encoding,
        other.clock_rate_hz,
        other.channels,
    )


def _common_codec(lines: Sequence[MediaLine], decodable: Decodable) -> Codec | None:
    """Return the best codec that all lines share, in the first line's order."""
    shared = [
        codec
        for codec in (lines[0].codecs if lines else ())
        if all(any(_same(codec, other) for other in line.codecs) for line in lines)
    ]
    return _best(shared, decodable)


def _best(codecs: Iterable[Codec], decodable: Decodable) -> Codec | None:
    """Return the first that can be decoded, else the first that can be kept raw."""
    recordable = [codec for codec in codecs if _is_recordable(codec, decodable)]
    first = recordable[0] if recordable else None
    return next((one for one in recordable if _is_decodable(one, decodable)), first)


def _line_codecs(line: MediaLine, common: Codec | None, decodable: Decodable) -> tuple[Codec, ...]:
    """Choose the codecs of one accepted line: one of audio, and what may come beside it."""
    best = _best(line.codecs, decodable)
    if best is None:
        raise OfferRefused("no codec that can be recorded")
    # A raw codec for all lines is worse than a decodable one for this line.
    is_best_decodable = _is_decodable(best, decodable)
    if common is not None and (_is_decodable(common, decodable) or not is_best_decodable):
        alike = [codec for codec in line.codecs if _same(codec, common)]
        best = _best(alike, decodable) or best
    return (best, *_beside(line, best))


def _beside(line: MediaLine, chosen: Codec) -> list[Codec]:
    """Return telephone events at the chosen clock rate (else any) and comfort noise."""
    events = [codec for codec in line.codecs if codec.encoding == "TELEPHONE-EVENT"]
    fitting = [codec for codec in events if codec.clock_rate_hz == chosen.clock_rate_hz]
    return (fitting or events) + [codec for codec in line.codecs if codec.encoding == "CN"]


def _answer_line(
    line: MediaLine, one: LinePlan, port: int, own: Sequence[Crypto], new_key: NewKey
) -> LocalMedia:
    """Write one line; a line without port is refused with the formats that were offered."""
    media, protocol = _FORMAT_TOKEN.sub("", line.media), _FORMAT_TOKEN.sub("", line.protocol)
    if not one.is_accepted or not port:
        formats = tuple(_FORMAT_TOKEN.sub("", text) or "0" for text in line.formats)
        return LocalMedia(media or "audio", protocol or "RTP/AVP", formats, label=line.label)
    # A line that does not send to us is inactive, never sendonly: we have nothing to send.
    direction = Direction.INACTIVE if line.is_on_hold else Direction.RECVONLY
    formats = tuple(str(codec.payload_type) for codec in one.codecs)
    crypto = (answer_to(one.crypto, own, new_key),) if one.crypto else ()
    return LocalMedia(
        media, protocol, formats, port, one.codecs, line.label, direction, line.rtcp_mux, crypto
    )


def g711_first(offer: SessionDescription) -> SessionDescription:
    """Return an offer as if it preferred what we can speak."""
    media = tuple(
        msgspec.structs.replace(line, codecs=tuple(sorted(line.codecs, key=_is_not_g711)))
        for line in offer.media
    )
    return msgspec.structs.replace(offer, media=media)


def _is_not_g711(codec: Codec) -> bool:
    return (codec.encoding, codec.clock_rate_hz) not in (("PCMU", 8000), ("PCMA", 8000))


def _speaking(theirs: MediaLine, own: LocalMedia) -> LocalMedia:
    """Send, too, where that is heard and in nothing but clear G.711."""
    is_heard = own.direction is Direction.RECVONLY and theirs.direction is Direction.SENDRECV
    if not is_heard or own.crypto or "SAVP" in own.protocol or _is_not_g711(own.codecs[0]):
        return own
    return replace(own, direction=Direction.SENDRECV)


def _codec_lines(codec: Codec) -> list[str]:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    lines = [f"a=rtpmap:{codec.payload_type} {_spelling(codec)}/{codec.clock_rate_hz}{channels}"]
    parameters = _strict_parameters(codec)
    return lines + ([f"a=fmtp:{codec.payload_type} {parameters}"] if parameters else [])


def _spelling(codec: Codec) -> str:
    """Write the names as their registrations do, for peers that compare letters."""
    return {"TELEPHONE-EVENT": "telephone-event", "OPUS": "opus", "ILBC": "iLBC"}.get(
        codec.encoding, codec.encoding
    )


def _strict_parameters(codec: Codec) -> str:
    """Return fmtp text fit to send: event ranges without blanks, nothing unprintable."""
    if codec.encoding != "TELEPHONE-EVENT":
        return codec.parameters if codec.parameters.isprintable() else ""
    found = _EVENT_RANGES.fullmatch(codec.parameters)
    return found[0].replace(" ", "") if found else "0-15"
