"""RTP and RTCP as they are on the wire: packets, sequence numbers, statistics. Pure."""

from callvault.rtp.batch import PacketBatch, parse_batch
from callvault.rtp.packet import HeaderExtension, RtpPacket
from callvault.rtp.sequence import SequenceTracker, Unwrapped

__all__ = [
    "HeaderExtension",
    "PacketBatch",
    "RtpPacket",
    "SequenceTracker",
    "Unwrapped",
    "parse_batch",
]
