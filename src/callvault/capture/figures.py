"""What capture counts: plain values that the recorder reads and shows."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

AlarmKind = Literal[
    "buffer_small",
    "kernel_drops",
    "packets_lost",
    "sweep_failed",
    "sync_failed",
    "sync_recovered",
    "write_failed",
    "write_recovered",
]


@dataclass(frozen=True, slots=True)
class StreamCounters:
    """What one stream has received since it was opened; still readable after its end."""

    packets: int  # RTP packets journalled, or held to be
    bytes: int  # of those packets, RTP header included
    rtcp_packets: int  # RTCP packets journalled
    dropped_paused: int  # arrived in a pause
    dropped_foreign: int  # from outside the allowed networks
    dropped_invalid: int  # neither RTP nor RTCP (RFC 7983), or longer than a datagram we take
    dropped_sources: int  # of sources above `max_sources`, while so many others spoke
    dropped_unwritten: int  # the spool took no bytes for so long that memory was full
    dropped_kernel: int  # the socket buffer was full (SO_RXQ_OVFL)
    last_arrival_ns: int  # UTC nanoseconds of the newest journalled RTP packet; 0: none yet
    ssrcs: tuple[int, ...]  # of the sources heard lately, oldest first
    sources: int  # (address, port, SSRC) so far; one that had lost its place counts again
    peak_dbfs: float | None  # loudest G.711 sample of the last one to two seconds; None: no G.711
    last_speech_ns: int = 0  # as last_arrival_ns, of what is louder than silence or has no level
    dropped_unkept: int = 0  # held in memory until it was known that it is not kept, or too long


def came(counters: StreamCounters) -> int:
    """Return how many RTP packets have come on a stream, kept or not."""
    return counters.packets + counters.dropped_paused + counters.dropped_unkept


@dataclass(frozen=True, slots=True)
class ReceiverStats:
    """The receiver as a whole, since its start."""

    open_journals: int
    open_sockets: int
    packets: int  # RTP and RTCP journalled
    bytes: int  # of those packets
    kernel_drops: int  # packets that a full socket buffer lost (SO_RXQ_OVFL)
    lost_packets: int  # received, and dropped because the spool could not be written
    blocks: int  # sealed
    bytes_written: int  # to journals, framing included
    unwritten_bytes: int  # sealed and waiting in memory for a spool that takes them
    held_bytes: int  # in memory until it is known whether they are kept
    write_errors: int
    sync_errors: int
    syncs: int
    last_sync_ms: float  # how long the last syncfs took
    last_sweep_ms: float  # how long the last sweep took, the slowest of the threads
    granted_buffer_bytes: int  # smallest receive buffer that the kernel gave an RTP socket; 0: none
    reports: int  # RTCP receiver reports sent
    report_errors: int  # that the kernel did not take
    open_file_limit: int  # RLIMIT_NOFILE: a stream takes two, a journal one
    unkept_packets: int = 0  # held in memory, and then not kept


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that an operator must know. Each is told once, when it begins.

    buffer_small     the kernel gives less than the receive buffer asked for (net.core.rmem_max)
    kernel_drops     a stream lost packets in its socket buffer
    write_failed     the spool takes no bytes: packets wait in memory, writing is tried again
    packets_lost     it lasted too long: packets of the journal were dropped; also for want of room
                     to hold them in memory
    sweep_failed     a defect of ours: one sweep of a journal was given up, capture goes on
    write_recovered  all that waited is written
    sync_failed      the spool's disk reports an error: what was written lately may not be there
    sync_recovered   it syncs again
    """

    at_ns: int
    kind: AlarmKind
    journal_id: UUID | None
    detail: str
