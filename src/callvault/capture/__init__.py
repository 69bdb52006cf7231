"""Receives media and writes it, sealed, into the spool; the work is done in Rust (`native/`).

A `Receiver` owns the sockets and the threads: every `sweep_ms` it empties all sockets, gathers
one block per journal and second, seals it with AES-256-GCM and writes it to the journal's own
file; one `syncfs` every `sync_ms` makes all of it durable. There is no SIP, no policy and no
decoding here, and no packet ever passes through Python. The bytes of a journal are described
in docs/formats/journal.md; `callvault.spool` reads them.

    receiver = Receiver(config.capture, spool_folder=spool, sync_ms=config.spool.sync_ms)
    receiver.start()
    journal = receiver.open_journal(new_id(), key=key, envelope=envelope, header=header_json)
    stream = journal.open_stream(0, allow=["192.0.2.0/24"])
    ...                                # answer the INVITE with stream.rtp_port
    journal.append_durably(event_json) # blocks for one disk write: call it in a thread
    journal.close()
"""

from callvault.capture.checkpoints import CheckpointFailure, CheckpointWriter
from callvault.capture.figures import Alarm, AlarmKind, ReceiverStats, StreamCounters, came
from callvault.capture.receiver import Journal, Receiver, Stream

__all__ = [
    "Alarm",
    "AlarmKind",
    "CheckpointFailure",
    "CheckpointWriter",
    "Journal",
    "Receiver",
    "ReceiverStats",
    "Stream",
    "StreamCounters",
    "came",
]
