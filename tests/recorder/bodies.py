"""Bodies and requests of an invented SRC, for sessions and for whole dialogs."""

from collections.abc import Sequence

from callvault import sip

SRC = "192.0.2.14"
ANN = "sip:1001@pbx.example.com"
REMOTE = "sip:+15550142999@192.0.2.14"
BOB = "sip:1002@pbx.example.com"
BOUNDARY = "recording-boundary"
MULTIPART = f"multipart/mixed;boundary={BOUNDARY}"
METADATA = "application/rs-metadata+xml"


def sdp(*directions: str, address: str = SRC, port: int = 30000) -> bytes:
    """Offer one PCMA line for each direction, labelled 1, 2, …; "closed" stands for port 0."""
    lines = [f"v=0\r\no=- 7 1 IN IP4 {address}\r\ns=-\r\nc=IN IP4 {address}\r\nt=0 0\r\n"]
    for index, direction in enumerate(directions or ("sendonly", "sendonly")):
        is_closed = direction == "closed"
        lines.append(f"m=audio {0 if is_closed else port + 2 * index} RTP/AVP 8 101\r\n")
        lines.append("a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n")
        lines.append(f"a={'sendonly' if is_closed else direction}\r\na=label:{index + 1}\r\n")
    return "".join(lines).encode()


def metadata(
    *aors: str, mode: str = "complete", silent: Sequence[str] = (), ids: Sequence[str] = ()
) -> bytes:
    """Write RFC 7865 metadata: one participant and one stream for each address, in order."""
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<recording xmlns="urn:ietf:params:xml:ns:recording:1">',
        f'<datamode>{mode}</datamode><session session_id="cs1"/>',
    ]
    for index, aor in enumerate(aors):
        number = index + 1
        key = ids[index] if ids else f"p{number}"
        send = "" if aor in silent else f"<send>s{number}</send>"
        parts.append(
            f'<participant participant_id="{key}"><nameID aor="{aor}"/></participant>'
            f'<stream stream_id="s{number}" session_id="cs1"><label>{number}</label></stream>'
            f'<participantstreamassoc participant_id="{key}">{send}</participantstreamassoc>'
        )
    return ("".join(parts) + "</recording>").encode()


def both(offer: bytes, document: bytes) -> bytes:
    """Put an offer and metadata into one body."""
    return (
        b"".join(
            b"--%s\r\nContent-Type: %s\r\n\r\n%s\r\n" % (BOUNDARY.encode(), kind, content)
            for kind, content in ((b"application/sdp", offer), (METADATA.encode(), document))
        )
        + b"--%s--\r\n" % BOUNDARY.encode()
    )


def request(
    method: str,
    body: bytes = b"",
    content_type: str = "",
    *,
    headers: str = "",
    caller: str = ANN,
    callee: str = REMOTE,
) -> sip.Request:
    """Build a request as it would come out of the parser."""
    text = (
        f"{method} sip:srs@192.0.2.200 SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {SRC}:5060;branch=z9hG4bK1\r\n"
        f'From: "Ann Keller" <{caller}>;tag=a\r\nTo: <{callee}>\r\n'
        f"Call-ID: call-1@{SRC}\r\nCSeq: 1 {method}\r\n"
        f"Contact: <sip:src@{SRC}:5060>;+sip.src\r\n{headers}"
        + (f"Content-Type: {content_type}\r\n" if content_type else "")
        + f"Content-Length: {len(body)}\r\n\r\n"
    )
    parsed = sip.parse_message(text.encode() + body)
    assert isinstance(parsed, sip.Request)
    return parsed
