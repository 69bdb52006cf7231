"""Bodies: multipart, session descriptions, metadata, and a recording session fed with them."""

from contextlib import suppress

from callvault import sdp
from callvault.errors import OfferRefused, RemoteProtocolError
from callvault.siprec import Line, MetadataState, Roster, read_body, read_metadata
from tests.recorder.bench import Bench

MULTIPART = "multipart/mixed;boundary=x"
LINES = [Line(index, str(index + 1)) for index in range(4)]


def multipart(data: bytes) -> None:
    """A body; its first line is the Content-Type."""
    kind, _, body = data.partition(b"\n")
    read = read_body(kind[:300].decode("utf-8", "surrogateescape"), body)
    assert sum(len(part.content) for part in read.others) <= 3 * len(body)
    assert len(read.others) <= 64


def offer(data: bytes) -> None:
    """An offer: what is answered has its lines, in its order, and can be read again."""
    sdp.without_keys(data)
    try:
        read = sdp.parse_offer(data)
    except OfferRefused:
        return
    plans = sdp.plan(read)
    ports = {index: 40000 for index, one in enumerate(plans) if one.is_accepted}
    local = sdp.answer(read, plans, ports, address="192.0.2.200", session_id=1)
    again = sdp.parse_offer(bytes(local))
    assert [one.label for one in again.media] == [one.label for one in read.media]
    assert [one.port for one in again.media] == [one.port for one in local.media]
    previous = sdp.answer(read, plans, ports, address="192.0.2.200", session_id=9, previous=local)
    assert previous is local


def metadata(data: bytes) -> None:
    """A document, merged twice into a state and resolved."""
    try:
        document = read_metadata(data)
    except RemoteProtocolError:
        return
    state, roster = MetadataState(), Roster()
    state.apply(document)
    assert state.apply(document).is_repeat
    roster.learn(state.view, LINES)
    for session in roster.sessions():
        assert all(len(speaker.lines) <= len(LINES) for speaker in session.speakers)


def dialog(data: bytes) -> None:
    """Bodies of a dialog, apart by NUL NUL: of the INVITE, then of what its first byte says."""
    bench = Bench()
    first, *rest = data.split(b"\0\0")[:6]
    bench.invite(first, MULTIPART)
    for body in rest:
        if bench.session.dialog_id is None or bench.response.status != 200:
            return
        with suppress(OfferRefused):
            _change(bench, body[:1], body[1:])
    bench.bye()


def _change(bench: Bench, kind: bytes, body: bytes) -> None:
    if kind < b"\x40":
        bench.update(body)
    elif kind < b"\x80":
        bench.reinvite(body)
    elif kind < b"\xc0":
        bench.reinvite(body, MULTIPART)
    else:
        bench.ack(body)
