"""The native part (native/binding). Private: `callvault.capture` gives it names and docstrings."""

from typing import Final, TypedDict, final

__all__ = ["Checkpoints", "Journal", "Receiver", "Stream", "build_profile"]

build_profile: Final[str]

class _StreamCounters(TypedDict):
    packets: int
    bytes: int
    rtcp_packets: int
    dropped_paused: int
    dropped_foreign: int
    dropped_invalid: int
    dropped_sources: int
    dropped_unwritten: int
    dropped_kernel: int
    last_arrival_ns: int
    ssrcs: tuple[int, ...]
    sources: int
    peak_dbfs: float | None

class _ReceiverStats(TypedDict):
    open_journals: int
    open_sockets: int
    packets: int
    bytes: int
    kernel_drops: int
    lost_packets: int
    blocks: int
    bytes_written: int
    unwritten_bytes: int
    write_errors: int
    sync_errors: int
    syncs: int
    last_sync_ms: float
    last_sweep_ms: float
    granted_buffer_bytes: int
    reports: int
    report_errors: int
    open_file_limit: int

@final
class Receiver:
    def __new__(
        cls,
        *,
        spool_folder: bytes,
        bind_address: bytes,
        port_first: int,
        port_last: int,
        port_cooldown_ms: int,
        socket_buffer_bytes: int,
        sweep_ms: int,
        sync_ms: int,
        max_sources: int,
        sweep_threads: int,
        report_interval_ms: int | None,
    ) -> Receiver: ...
    def start(self) -> None: ...
    def close(self) -> None: ...
    def open_journal(
        self, journal_id: bytes, key: bytes, envelope: bytes, header: bytes, events: bool
    ) -> Journal: ...
    def stats(self) -> _ReceiverStats: ...
    def alarms(self) -> list[tuple[int, str, bytes | None, str]]: ...

@final
class Journal:
    @property
    def path(self) -> bytes: ...
    @property
    def is_paused(self) -> bool: ...
    def append(self, event_json: bytes) -> None: ...
    def append_durably(self, event_json: bytes) -> None: ...
    def open_stream(
        self, index: int, networks: list[tuple[bytes, int]], rtp_port: int | None = None
    ) -> Stream: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def close(self) -> None: ...
    def close_soon(self) -> None: ...
    def discard(self) -> None: ...

@final
class Stream:
    @property
    def index(self) -> int: ...
    @property
    def rtp_port(self) -> int: ...
    @property
    def rtcp_port(self) -> int: ...
    def counters(self) -> _StreamCounters: ...
    def open_tap(self) -> None: ...
    def close_tap(self) -> None: ...
    def open_reports(self, is_multiplexed: bool, clock_rate_hz: int) -> None: ...
    def close_reports(self) -> None: ...
    def tapped(self) -> list[bytes]: ...
    def close(self) -> None: ...

@final
class Checkpoints:
    def __new__(cls, spool_folder: bytes, node_key: bytes) -> Checkpoints: ...
    def put(self, journal_id: bytes, content: bytes) -> None: ...
    def put_durably(self, journal_id: bytes, content: bytes) -> None: ...
    def remove(self, journal_id: bytes) -> None: ...
    def flush(self) -> None: ...
    def failures(self) -> list[tuple[bytes, str]]: ...
    def close(self) -> None: ...
