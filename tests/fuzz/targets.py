"""What is fuzzed: each reader with its seeds from the corpus and its share of the inputs."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from callvault.recorder.checkpoint import encode
from callvault.spool.entries import encode_entry
from callvault.vault import SealedWriter
from tests.fuzz import bodies, files, legs, media, signalling
from tests.recorder.bench import established
from tests.recorder.bodies import both, metadata, sdp
from tests.recorder.test_checkpoint import checkpoint
from tests.spool.journals import BLOCK, ENTRIES, KEY

CORPUS = Path(__file__).parents[1] / "corpus"
MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Target:
    """One reader: called with any bytes, it raises nothing, in bounded time."""

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    share: int  # of a hundred inputs
    found: Path = field(init=False)  # inputs that once went wrong

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", CORPUS / "found" / self.name)

    def inputs(self) -> list[bytes]:
        """All seeds, those that once went wrong first."""
        kept = [path.read_bytes() for path in sorted(self.found.glob("*"))]
        return [*kept, *self.seeds()]


def _files(pattern: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(CORPUS.glob(pattern))]


def _with_first_byte(seeds: Iterable[bytes], first: bytes = b"\1") -> list[bytes]:
    return [first + seed for seed in seeds]


def _multiparts() -> list[bytes]:
    messages = (one.partition(b"\r\n\r\n")[2] for one in _files("sip/*.sip"))
    bodies_ = [both(sdp(), metadata("sip:1001@h")), *filter(None, messages)]
    nested = b"--x\r\nContent-Type: multipart/related;boundary=y\r\n\r\n--y\r\n\r\nv=0\r\n--y--\r\n"
    encoded = b"--x\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0w\r\n--x--\r\n"
    kinds = [b"multipart/mixed;boundary=recording-boundary", b"multipart/mixed", b"text/xml", b""]
    return [
        *(kind + b"\n" + body for kind in kinds for body in bodies_),
        b"multipart/mixed;boundary=x\n" + nested,
        b"multipart/mixed;boundary=x\n" + encoded,
    ]


def _dialogs() -> list[bytes]:
    def parts(offer: bytes, document: bytes) -> bytes:
        return both(offer, document).replace(b"recording-boundary", b"x")

    opened = parts(sdp(), metadata("sip:1001@h", "sip:2@h"))
    later = [b"\0" + metadata("sip:1001@h"), b"\x40" + sdp("inactive"), b"\x80" + opened]
    documents = [parts(sdp(), one) for one in _files("siprec/*.xml")]
    offers = [parts(one, metadata("sip:1001@h")) for one in _files("sdp/*.sdp")]
    return [b"\0\0".join([opened, *later, b"\xc0" + sdp()]), *documents, *offers]


def _plain_calls() -> list[bytes]:
    """Legs of CUCM, alone and in pairs, and callers as networks and bridges name them."""
    legs_ = _files("sip/cucm_*.sip")
    near = _files("sip/cucm_from_folded.sip")[0]
    far = near.replace(b";x-nearend;", b";x-farend;")
    caller = b"From: <sip:+39021234567@h>;tag=1\r\n"
    named = b"P-Asserted-Identity: <sip:2001@h>\r\nDiversion: <sip:2002@h>;reason=unknown\r\n"
    plain = near.partition(b"From:")[0] + caller + named + b"To:" + near.partition(b"\nTo:")[2]
    told = [near + b"\0\0" + far, far + b"\0\0 \0\0" + near, plain]
    return [*legs_, *told, legs.BETWEEN_CALLS.join([near, far, plain, near])]


def _packets() -> list[bytes]:
    texts = [text.decode() for text in _files("rtp/*.hex")]
    datagrams = [bytes.fromhex("".join(re.sub("#.*", "", text).split()))[:255] for text in texts]
    framed = [bytes([len(one)]) + one for one in datagrams]
    return [*framed, b"".join(framed)]


def _journals() -> list[bytes]:
    inside = [
        b"\1" + bytes(one) if one is BLOCK else b"\2" + encode_entry(one)  # type: ignore[arg-type]
        for one in ENTRIES
    ]
    return [b"\x10" + files.HEADED, b"\x90" + files.BETWEEN_BLOCKS.join(inside)]


def _checkpoints() -> list[bytes]:
    return [b"\x50" + (encode(checkpoint(established())) or b"")]


def _sealed() -> list[bytes]:
    file = BytesIO()
    with SealedWriter(file, KEY, b"") as writer:
        writer.write(b"audio" * 100)
    return [file.getvalue()]


TARGETS = {
    target.name: target
    for target in (
        Target("datagram", signalling.datagram, lambda: _files("sip/*.sip"), 12),
        Target("stream", signalling.stream, lambda: _with_first_byte(_files("sip/*.sip")), 6),
        Target("multipart", bodies.multipart, _multiparts, 18),
        Target("offer", bodies.offer, lambda: _files("sdp/*.sdp"), 12),
        Target("metadata", bodies.metadata, lambda: _files("siprec/*.xml"), 10),
        Target("dialog", bodies.dialog, _dialogs, 4),
        Target("calls", legs.calls, _plain_calls, 5),
        Target("packets", media.packets, _packets, 18),
        Target("journal", files.journal, _journals, 10),
        Target("checkpoint", files.checkpoint, _checkpoints, 5),
        Target("sealed", files.sealed, _sealed, 5),
    )
}


def _read_any(data: bytes) -> None:
    """Give the rest to the target that the first byte names."""
    list(TARGETS.values())[data[0] % len(TARGETS) if data else 0].read(data[1:])


def _any_seeds() -> list[bytes]:
    return [
        bytes([number]) + seed
        for number, target in enumerate(TARGETS.values())
        for seed in target.inputs()
    ]


ANY = Target("any", _read_any, _any_seeds, 0)
"""All targets in one, for a short run."""
