"""From bytes to messages: the head split once, within bounds, nothing yet understood.

Framing on streams is framing.py; what a header means is asked of the message later.
"""

from callvault.sip.message import Headers, MalformedMessage, Request, Response

MAX_HEAD_BYTES = 65_536
MAX_HEADERS = 256
MAX_LINES = 1_024  # folded ones included: joining them costs more than reading them
MAX_LINE_BYTES = 8_192
MAX_BODY_BYTES = 1_048_576


def head_length(data: bytes | bytearray, start: int = 0) -> int:
    """Length of the head including its empty line, or -1 while that has not come.

    CRLF is the rule; bare LF is accepted, since some senders build messages by hand.
    """
    crlf = data.find(b"\n\r\n", start)
    bare = data.find(b"\n\n", start, crlf + 1 if crlf >= 0 else len(data))
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else -1


def parse_message(data: bytes) -> Request | Response:
    """Read one framed message: all after the head is body, cut to a smaller Content-Length.

    Raises MalformedMessage with what was readable, so that a 400 can be sent.
    """
    end = head_length(data)
    head, body = (data[:end], data[end:]) if end >= 0 else (data, b"")
    start_line, headers = parse_head(head)
    if len(body) > MAX_BODY_BYTES:
        raise MalformedMessage("body is too large", status=413, headers=headers)
    body = _cut_to_length(body, headers.first("content-length"))
    try:
        return _make_message(start_line, headers, body, data)
    except MalformedMessage as problem:
        problem.headers = headers
        raise


def parse_head(head: bytes) -> tuple[str, Headers]:
    """Split start line and headers; folding, compact forms and blanks before colons are fine.

    Raises MalformedMessage beyond 64 KiB, 256 headers or 8 KiB a line.
    """
    if len(head) > MAX_HEAD_BYTES:
        raise MalformedMessage("head is larger than 64 KiB", status=513)
    text = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", " ")
    lines = text.strip("\n").split("\n")
    if len(text) > MAX_LINE_BYTES and max(map(len, lines)) > MAX_LINE_BYTES:
        raise MalformedMessage("a line is longer than 8 KiB", status=513)
    headers = Headers(tuple(_fields(lines[:MAX_LINES])))
    if len(headers.fields) > MAX_HEADERS or len(lines) > MAX_LINES:
        kept = Headers(headers.fields[:MAX_HEADERS])
        raise MalformedMessage("more than 256 headers", status=513, headers=kept)
    return lines[0], headers


def _fields(lines: list[str]) -> list[tuple[str, str]]:
    fields: list[tuple[str, str]] = []
    for line in lines[1:]:
        if line[:1] in (" ", "\t"):
            if fields:
                name, value = fields[-1]
                fields[-1] = (name, f"{value} {line.strip()}".strip())
            continue
        name, colon, value = line.partition(":")
        if colon and (name := name.strip()):  # a line without a colon says nothing to anybody
            fields.append((name, value.strip()))
    return fields


def _cut_to_length(body: bytes, declared: str | None) -> bytes:
    """Cut what follows the declared length; a datagram shorter than that is taken as it is."""
    if declared is not None and declared.isascii() and declared.isdigit() and len(declared) < 10:
        return body[: int(declared)]
    return body


def _make_message(line: str, headers: Headers, body: bytes, raw: bytes) -> Request | Response:
    if line[:4].upper() == "SIP/":
        version, _, rest = line.partition(" ")
        status, _, reason = rest.strip().partition(" ")
        if version.upper() != "SIP/2.0" or not _is_status(status):
            raise MalformedMessage("status line is not `SIP/2.0 CODE REASON`")
        return Response(headers, body, raw, int(status), reason)
    words = line.split()
    if len(words) != 3 or not words[2].upper().startswith("SIP/"):
        raise MalformedMessage("request line is not `METHOD URI SIP/2.0`")
    if words[2].upper() != "SIP/2.0":
        raise MalformedMessage("sip version is not 2.0", status=505)
    return Request(headers, body, raw, words[0], words[1])


def _is_status(text: str) -> bool:
    return len(text) == 3 and text.isascii() and text.isdigit() and "100" <= text <= "699"
