"""Which streams of a live call tell their sender, by RTCP, how they arrive."""

from collections.abc import Iterable, Mapping

from callvault.capture import Stream
from callvault.spool.entries import StreamDescription


def report_reception(
    streams: Mapping[int, Stream], descriptions: Iterable[StreamDescription]
) -> None:
    """Have reports sent for streams of plain RTP, as negotiated.

    Not for SRTP: a report would have to be sealed as well (RFC 3711, section 3.4). Nor for a line
    of the secure profile that brought no key: whatever comes there, RTCP in clear is none of it.
    Nor while an offer of our own waits for its answer: only that tells whether keys are used.
    """
    for one in descriptions:
        stream = streams.get(one.index)
        if stream is None or not one.formats:
            continue
        if one.srtp or "SAVP" in one.profile or not one.offered:
            stream.close_reports()
        else:
            stream.open_reports(
                is_multiplexed=one.rtcp_mux, clock_rate_hz=one.formats[0].clock_rate_hz
            )
