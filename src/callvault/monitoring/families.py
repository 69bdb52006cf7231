"""All metrics: name, kind, labels and one sentence. docs/reference/metrics.md lists the same.

Labels take few values: trunks, verdicts, reasons. A number or a name of a person is never one.
"""

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram"]


class Family(NamedTuple):
    """One metric. A counter's name ends in `_total`; a unit stands in the name."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    sentence: str


@dataclass(slots=True)
class Buckets:
    """Counts of a histogram, by upper bound."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = self.counts or [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def copy(self) -> "Buckets":
        """Return the counts as they are now."""
        return Buckets(self.bounds, list(self.counts), self.total)


class Sample(NamedTuple):
    """One figure: of a family, for one combination of its labels."""

    name: str
    value: float | Buckets
    labels: tuple[str, ...] = ()


def _gauge(name: str, sentence: str, *labels: str) -> Family:
    return Family(name, "gauge", labels, sentence)


def _counter(name: str, sentence: str, *labels: str) -> Family:
    return Family(name, "counter", labels, sentence)


def _histogram(name: str, sentence: str) -> Family:
    return Family(name, "histogram", (), sentence)


_ALL = (
    _gauge("callvault_build_info", "1; the version that runs, and as what.", "program", "version"),
    # recorder: signalling
    _gauge("callvault_recorder_calls", "Calls in progress.", "trunk"),
    _counter("callvault_recorder_invites_total", "Calls that trunks offered.", "trunk"),
    _counter(
        "callvault_recorder_refusals_total",
        "Calls refused, by reason: spool, ports, draining, stopping, or the SIP status.",
        "reason",
    ),
    _counter("callvault_recorder_unknown_peer_attempts_total", "Requests of unknown peers."),
    _counter("callvault_recorder_wrong_credentials_total", "Wrong credentials of known peers."),
    _counter("callvault_recorder_failed_handshakes_total", "TLS handshakes that failed."),
    _gauge(
        "callvault_recorder_tls_certificate_expiry_seconds",
        "When the TLS certificate in use expires, as Unix time.",
    ),
    _gauge("callvault_recorder_draining", "1 while the recorder takes no new calls on request."),
    _gauge(
        "callvault_recorder_loop_lag_seconds",
        "Longest that the recorder's event loop was late in the last second.",
    ),
    _gauge("callvault_policy_revision", "Revision of the policy in force."),
    _gauge(
        "callvault_policy_age_seconds",
        "Time since the catalogue last confirmed the policy in force.",
    ),
    # recorder: capture
    _counter("callvault_capture_packets_total", "RTP and RTCP packets kept."),
    _counter("callvault_capture_bytes_total", "Bytes of those packets."),
    _counter(
        "callvault_capture_dropped_packets_total",
        "Packets of ended streams, dropped: paused, unkept, foreign, invalid, sources, unwritten.",
        "reason",
    ),
    _counter(
        "callvault_capture_kernel_drops_total", "Packets lost in full socket buffers (SO_RXQ_OVFL)."
    ),
    _counter(
        "callvault_capture_lost_packets_total",
        "Packets received and lost because the spool could not be written.",
    ),
    _counter("callvault_capture_rtcp_reports_total", "RTCP receiver reports sent."),
    _counter(
        "callvault_capture_rtcp_report_errors_total",
        "RTCP receiver reports that the system did not take.",
    ),
    _gauge(
        "callvault_capture_held_bytes",
        "Bytes held in memory until it is known whether they are kept.",
    ),
    _gauge("callvault_capture_open_sockets", "Media sockets open."),
    _gauge("callvault_capture_sweep_seconds", "How long the last sweep of all sockets took."),
    # recorder: spool
    _counter("callvault_spool_written_bytes_total", "Bytes written to journals."),
    _gauge("callvault_spool_unwritten_bytes", "Bytes that wait in memory for the spool."),
    _counter("callvault_spool_write_errors_total", "Writes to journals that failed."),
    _counter("callvault_spool_sync_errors_total", "Syncs of the spool that failed."),
    _gauge("callvault_spool_sync_seconds", "How long the last sync of the spool took."),
    _gauge("callvault_spool_free_bytes", "Free on the spool's file system."),
    _gauge("callvault_spool_free_ratio", "The same as a share of its size, 0 to 1."),
    _gauge("callvault_spool_reserve_bytes", "Free bytes below which new calls are refused."),
    # worker
    _counter("callvault_calls_total", "Calls listed in the catalogue.", "trunk", "verdict"),
    _counter("callvault_recordings_total", "Recordings listed.", "trunk"),
    _counter("callvault_recording_packets_total", "RTP packets in listed recordings.", "trunk"),
    _counter(
        "callvault_recording_lost_packets_total",
        "RTP packets missing from listed recordings: never arrived, or dropped here.",
        "trunk",
    ),
    _histogram(
        "callvault_recording_jitter_seconds",
        "Mean interarrival jitter of the worse channel of each listed recording.",
    ),
    _histogram(
        "callvault_listed_delay_seconds", "From the end of a call to the listing of its recording."
    ),
    _gauge("callvault_journals_live", "Journals that a recorder is writing."),
    _gauge("callvault_finalise_backlog_journals", "Closed journals that wait."),
    _gauge("callvault_finalise_backlog_bytes", "Size of the closed journals that wait."),
    _gauge(
        "callvault_finalise_oldest_age_seconds", "Age of the closed journal that waits the longest."
    ),
    _gauge("callvault_finalise_retrying_journals", "Journals that failed and will be tried again."),
    _counter("callvault_finalise_failures_total", "Times that finishing a journal failed."),
    _gauge("callvault_vault_ready", "1 while the vault takes recordings."),
    _gauge("callvault_vault_free_bytes", "Free in the vault."),
    _gauge("callvault_vault_free_ratio", "The same as a share of its file system, 0 to 1."),
    _gauge("callvault_integrity_lines", "Lines of the log of recordings that are signed."),
    _gauge("callvault_integrity_waiting_recordings", "Recordings that wait to enter their log."),
    _gauge(
        "callvault_integrity_findings",
        "What is wrong with recordings or their log; 0: nothing was changed.",
    ),
    _gauge(
        "callvault_integrity_checked_age_seconds",
        "Time since all of the log of recordings was last checked.",
    ),
    _gauge("callvault_storage_ready", "1 while the external store of recordings can be used."),
    _gauge(
        "callvault_storage_waiting_recordings", "New recordings that wait for the external store."
    ),
    _gauge("callvault_storage_failed_moves", "Recordings that could not be moved to a store."),
    _gauge("callvault_audit_chain_entries", "Entries of the audit log that are in its chain."),
    _gauge("callvault_audit_waiting_entries", "Entries of the audit log that wait to be chained."),
    _gauge(
        "callvault_audit_findings", "What is wrong with the audit log's chain; 0: it is unchanged."
    ),
    _gauge(
        "callvault_audit_checked_age_seconds",
        "Time since all of the audit log was last checked against its chain.",
    ),
    # web
    _gauge("callvault_web_ready", "1 while the portal answers and reaches its catalogue."),
    _gauge("callvault_web_answer_seconds", "How long the portal's last health page took."),
    _gauge(
        "callvault_web_tls_certificate_expiry_seconds",
        "When the portal's TLS certificate expires, as Unix time.",
    ),
)

FAMILIES = {family.name: family for family in _ALL}
