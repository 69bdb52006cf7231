"""What the recorder shows to those who watch it: plain figures, put down once a second."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from callvault.capture import ReceiverStats, StreamCounters
from callvault.monitoring import Sample
from callvault.monitoring.disk import DiskUsage
from callvault.policy.decision import Outcome
from callvault.spool.entries import CallVerdict

DROPPED = ("paused", "foreign", "invalid", "sources", "unwritten")


@dataclass(slots=True)
class Tally:
    """What the recorder counts itself, since its start."""

    invites: Counter[str] = field(default_factory=Counter)  # by trunk
    refusals: Counter[str] = field(default_factory=Counter)  # by reason
    dropped: Counter[str] = field(default_factory=Counter)  # by reason, of streams that ended
    unknown_attempts: int = 0
    heard_at_ns: dict[str, int] = field(
        default_factory=dict
    )  # by trunk, UTC: its last sign of life
    wrong_credentials: int = 0

    def add_refusal(self, entry: CallVerdict) -> None:
        """Count a call that left no journal, by what stopped it."""
        self.refusals[_reason_of(entry)] += 1

    def add_stream(self, counters: StreamCounters) -> None:
        """Count what an ended stream dropped."""
        for reason in DROPPED:
            self.dropped[reason] += getattr(counters, f"dropped_{reason}")


@dataclass(frozen=True, slots=True)
class RecorderFigures:
    """The recorder at one moment."""

    calls: Mapping[str, int]  # in progress, by trunk
    tally: Tally
    stats: ReceiverStats
    disk: DiskUsage
    is_disk_filling: bool
    reserve_bytes: int
    refusal: str  # why no call is taken; empty: there is room
    is_draining: bool
    policy_revision: int
    policy_age_s: float
    loop_lag_s: float
    failed_handshakes: int = 0
    max_calls: int = 0  # at once; 0: not known
    max_calls_per_second: int = 0  # 0: no limit is set
    recordings: int = 0  # that are made now
    most_recordings: int = 0  # at a time since the start
    tls_expires_at_s: float | None = None  # UTC, of the certificate in use; None: no TLS

    @property
    def calls_in_progress(self) -> int:
        """All calls."""
        return sum(self.calls.values())

    @property
    def status(self) -> str:
        """One line for `systemctl status` and /readyz."""
        if self.is_draining:
            return f"draining, {counted(self.calls_in_progress)} left"
        room = f", no new ones: {self.refusal}" if self.refusal else ""
        return f"{counted(self.calls_in_progress)} in progress{room}"

    def heartbeat(self) -> dict[str, object]:
        """Return what the portal shows of this machine (`portal.status.Heartbeat`)."""
        return {
            "calls": self.calls_in_progress,
            "open_files": self.stats.open_file_limit,
            "max_calls": self.max_calls,
            "max_calls_per_second": self.max_calls_per_second,
            "recordings": self.recordings,
            "most_recordings": self.most_recordings,
            "refusal": self.refusal,
            "is_draining": self.is_draining,
            "free_bytes": self.disk.free_bytes,
            "total_bytes": self.disk.total_bytes,
            "is_disk_filling": self.is_disk_filling,
            "trunks": self._trunks(),
        }

    def _trunks(self) -> dict[str, dict[str, int]]:
        heard = self.tally.heard_at_ns
        return {
            name: {"calls": self.calls.get(name, 0), "heard_at_ns": heard.get(name, 0)}
            for name in self.calls.keys() | heard.keys()
        }

    def samples(self) -> Iterator[Sample]:
        """Yield the figures as metrics."""
        yield from self._signalling()
        yield from self._media()
        yield from self._spool()

    def _signalling(self) -> Iterator[Sample]:
        for trunk, calls in self.calls.items():
            yield Sample("callvault_recorder_calls", calls, (trunk,))
        for trunk, count in self.tally.invites.items():
            yield Sample("callvault_recorder_invites_total", count, (trunk,))
        for reason, count in self.tally.refusals.items():
            yield Sample("callvault_recorder_refusals_total", count, (reason,))
        attempts = self.tally.unknown_attempts
        yield Sample("callvault_recorder_unknown_peer_attempts_total", attempts)
        wrong = self.tally.wrong_credentials
        yield Sample("callvault_recorder_wrong_credentials_total", wrong)
        handshakes = self.failed_handshakes
        yield Sample("callvault_recorder_failed_handshakes_total", handshakes)
        if self.tls_expires_at_s is not None:
            expires = self.tls_expires_at_s
            yield Sample("callvault_recorder_tls_certificate_expiry_seconds", expires)
        yield Sample("callvault_recorder_draining", int(self.is_draining))
        yield Sample("callvault_recorder_loop_lag_seconds", self.loop_lag_s)
        yield Sample("callvault_policy_revision", self.policy_revision)
        yield Sample("callvault_policy_age_seconds", self.policy_age_s)

    def _media(self) -> Iterator[Sample]:
        stats = self.stats
        yield Sample("callvault_capture_packets_total", stats.packets)
        yield Sample("callvault_capture_bytes_total", stats.bytes)
        for reason in DROPPED:
            count = self.tally.dropped[reason]
            yield Sample("callvault_capture_dropped_packets_total", count, (reason,))
        unkept = stats.unkept_packets  # of streams that go on, too
        yield Sample("callvault_capture_dropped_packets_total", unkept, ("unkept",))
        yield Sample("callvault_capture_kernel_drops_total", stats.kernel_drops)
        yield Sample("callvault_capture_lost_packets_total", stats.lost_packets)
        yield Sample("callvault_capture_rtcp_reports_total", stats.reports)
        yield Sample("callvault_capture_rtcp_report_errors_total", stats.report_errors)
        yield Sample("callvault_capture_held_bytes", stats.held_bytes)
        yield Sample("callvault_capture_open_sockets", stats.open_sockets)
        yield Sample("callvault_capture_sweep_seconds", stats.last_sweep_ms / 1000)

    def _spool(self) -> Iterator[Sample]:
        stats = self.stats
        yield Sample("callvault_spool_written_bytes_total", stats.bytes_written)
        yield Sample("callvault_spool_unwritten_bytes", stats.unwritten_bytes)
        yield Sample("callvault_spool_write_errors_total", stats.write_errors)
        yield Sample("callvault_spool_sync_errors_total", stats.sync_errors)
        yield Sample("callvault_spool_sync_seconds", stats.last_sync_ms / 1000)
        yield Sample("callvault_spool_free_bytes", self.disk.free_bytes)
        yield Sample("callvault_spool_free_ratio", self.disk.free_ratio)
        yield Sample("callvault_spool_reserve_bytes", self.reserve_bytes)


def counted(calls: int) -> str:
    """Return "1 call", "2 calls"."""
    return f"{calls} call{'' if calls == 1 else 's'}"


def _reason_of(entry: CallVerdict) -> str:
    """Return the reason of a `room` step, of which there are few; else the SIP status."""
    for step in entry.decision.steps:
        if step.code == "room" and step.outcome is Outcome.STOPPED:
            return step.values.get("reason", "room")
    return str(entry.sip_status)
