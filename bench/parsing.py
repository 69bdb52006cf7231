"""An INVITE with metadata, parsed whole: SIP, multipart, SDP and XML.

    .venv/bin/python -m bench.parsing

INVITEs of the corpus, read as a recorder reads them. Beside it the same by the parsers of the
standard library (email and ElementTree), which do less: no SDP, no model, nothing mended. CPU
time of the best of several rounds, since others share the machine; short addresses are remembered
from round to round, as they are from call to call of the same people. The bar holds for the message
of 4 kB; the others are told.
"""

import email.parser
import email.policy
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

from bench.table import Row, finish
from callvault import sdp
from callvault.sip import Request, parse_message
from callvault.siprec import read_body, read_metadata

CORPUS = Path(__file__).parents[1] / "tests" / "corpus" / "siprec" / "messages"
MESSAGES = ("webex_transfer.3", "netsapiens_initial", "cube_hold_transfer_end", "oracle_genesys")
BAR_US = 150
BAR_SIZE_BYTES = 4000
ROUNDS, REPEATS = 60, 50


def main() -> int:
    """Measure and print."""
    return finish([_row(name) for name in MESSAGES])


def _row(name: str) -> Row:
    message = (CORPUS / f"{name}.sip").read_bytes()
    ours_us, theirs_us = _cost_us(read_whole, message), _cost_us(read_with_library, message)
    has_bar = len(message) >= BAR_SIZE_BYTES
    return Row(
        what=f"{name.partition('_')[0]}'s INVITE of {len(message)} bytes parsed whole",
        ours=f"{ours_us:.0f} us CPU",
        bar=f"<= {BAR_US} us" if has_bar else "",
        is_met=not has_bar or ours_us <= BAR_US,
        baseline=f"email + ElementTree {theirs_us:.0f} us",
        ratio=f"{theirs_us / ours_us:.1f}",
    )


def read_whole(message: bytes) -> None:
    """Read it as a recorder does, and all of it."""
    request = parse_message(message)
    if not isinstance(request, Request):
        raise TypeError("no request")
    headers = request.headers
    disposition = headers.first("content-disposition") or ""
    body = read_body(headers.first("content-type") or "", request.body, disposition=disposition)
    if body.sdp is None or body.metadata is None:
        raise ValueError("a part is missing")
    sdp.parse_offer(body.sdp)
    read_metadata(body.metadata.content)


def read_with_library(message: bytes) -> None:
    """Read as much of it as the standard library does."""
    _, _, rest = message.partition(b"\r\n")
    parts = email.parser.BytesParser(policy=email.policy.default).parsebytes(rest)
    for part in parts.walk():
        content = part.get_payload(decode=True)
        if "rs-metadata" in part.get_content_type() and isinstance(content, bytes):
            ET.fromstring(content)  # noqa: S314 - our own file


def _cost_us(read: Callable[[bytes], None], message: bytes) -> float:
    best_s = float("inf")
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(REPEATS):
            read(message)
        best_s = min(best_s, (time.process_time() - started) / REPEATS)
    return best_s * 1e6


if __name__ == "__main__":
    sys.exit(main())
