"""The settings of a node's `callvault.toml`, one frozen class a section.

Each field is followed by a sentence with unit and range; docs/reference/configuration.md lists
the same fields and a test compares them. What belongs to the organisation (trunks, people,
filters) is not here: it is set in the portal and kept in the catalogue.
"""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path


@dataclass(frozen=True, slots=True)
class NodeConfig:
    """[node]: this machine."""

    name: str = "callvault-1"
    """Name of this node in events and metrics: letters, digits and hyphens, at most 63."""
    data_folder: Path = Path("var")
    """Where database, keys, spool and vault lie unless their own sections say otherwise."""


@dataclass(frozen=True, slots=True)
class SipConfig:
    """[sip]: where recording clients reach us."""

    bind_address: str = "::"
    """Address that SIP listens on; :: for all of IPv6 and IPv4, 0.0.0.0 for all of IPv4."""
    port: int = 5060
    """UDP and TCP port of SIP, 1 to 65535; 0 takes any free one (tests)."""
    tls: bool = True
    """Whether SIP is spoken over TLS, too."""
    tls_port: int = 0
    """TLS port of SIP, 1 to 65535; 0: the one above sip.port, 5061, or any free one as there."""
    tls_certificate: Path = Path("keys/sip-tls.crt")
    """Certificate shown to peers, PEM, its chain after it; a self-signed one is made if missing."""
    tls_key: Path = Path("keys/sip-tls.key")
    """Private key of that certificate, PEM without password, mode 0600."""
    tls_peers_file: Path | None = None
    """Certificates of authorities that vouch for peers, or of peers themselves, PEM."""
    tls_client_certificate: str = "off"
    """Whether peers show a certificate: off, optional or required; needs tls_peers_file."""
    answer_strangers: str = "none"
    """What a source gets that no trunk allows: none (no answer at all) or 403."""
    advertised_address: str = "auto"
    """Address put into Contact and SDP, as peers see this node; auto: the one that routes there."""
    advertised_address_ipv6: str = "auto"
    """The same for peers that are reached by IPv6, beside an advertised_address of IPv4."""
    min_session_expires_s: int = 90
    """Shortest session timer accepted, in seconds, at least 90 (RFC 4028)."""
    media_timeout_s: int = 300
    """A session whose active streams are all silent this long is ended; 0: never. Not on hold."""
    max_call_s: int = 43200
    """A recording this long is sealed and another begins, in seconds, at least 60."""

    @property
    def listening_tls_port(self) -> int:
        """The TLS port to bind; 0: any free one."""
        above = self.port + 1 if 0 < self.port < 65535 else 0
        return self.tls_port or above


@dataclass(frozen=True, slots=True)
class CaptureConfig:
    """[capture]: where media is received."""

    bind_address: str = "::"
    """Address that media ports listen on; :: for all of IPv6 and IPv4, 0.0.0.0 for all of IPv4."""
    port_first: int = 10000
    """First media port, even, 1024 to 65534."""
    port_last: int = 32766
    """Last media port, even, above port_first; each stream takes a pair (RTP, RTCP)."""
    port_cooldown_s: float = 10.0
    """A port rests this long after a call, so that late packets never reach another call."""
    socket_buffer_bytes: int = 524288
    """Receive buffer asked for each RTP socket; the kernel may give less (net.core.rmem_max)."""
    sweep_ms: int = 200
    """How often all sockets are emptied, in milliseconds, 20 to 1000."""
    max_sources: int = 16
    """Sources (address, SSRC) that may speak on a stream at once, 1 to 255; others are counted."""
    rtcp_reports: bool = True
    """Tell senders of plain RTP every 5 s how it arrives: some drop a recorder that never does."""


@dataclass(frozen=True, slots=True)
class CapacityConfig:
    """[capacity]: how much this node takes. What is beyond gets 503, so that the SRC goes on."""

    max_calls: int = 0
    """Calls in progress beyond which INVITEs get 503; 0: as many as open files allow (5 each)."""
    calls_per_second: int = 0
    """New calls a second beyond which INVITEs get 503, bursts of 5 s apart; 0: no limit."""
    max_lag_ms: int = 500
    """INVITEs get 503 while signalling lags behind this long, in milliseconds, 50 to 10000."""


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """[control]: calls in progress: where portals reach them, and how long a pause lasts."""

    port: int = 0
    """Port on 127.0.0.1 of the recorder's control API, 1 to 65535; 0 takes any free one."""
    advertised_address: str = "auto"
    """Address by which other nodes reach it; auto: our own, unless the database is SQLite; off."""
    bind_address: str = "::"
    """Address that it listens on for other nodes; :: for all of IPv6 and IPv4."""
    tls_port: int = 5063
    """TLS port that it listens on for other nodes, 1 to 65535; 0 takes any free one."""
    resume_after_s: int = 0
    """A pause that a person asked for ends by itself after so many seconds; 0: it never does."""
    pause_alarm_after_s: int = 900
    """Operators are told of a pause that a person asked for so many seconds ago; 0: never."""


@dataclass(frozen=True, slots=True)
class SpoolConfig:
    """[spool]: encrypted journals of calls in progress and not yet finished."""

    folder: Path = Path("spool")
    """Where journals lie, relative to the data folder. A local disk."""
    sync_ms: int = 1000
    """How often the spool's file system is synced, in milliseconds, 100 to 5000."""
    min_free_bytes: int = 1_073_741_824
    """New calls are refused with 503 while less than this is free on the spool's disk."""
    call_reserve_minutes: int = 30
    """Disk kept for each call in progress, as minutes of recording; new calls get 503 below it."""


@dataclass(frozen=True, slots=True)
class VaultConfig:
    """[vault]: sealed recordings."""

    folder: Path = Path("vault")
    """Where recordings are sealed, relative to the data folder; the portal moves them on."""
    key_folder: Path = Path("keys")
    """Certificates and, where this node may open recordings, their private keys."""


@dataclass(frozen=True, slots=True)
class BackupConfig:
    """[backup]: backups that a worker makes by itself."""

    passphrase_file: Path | None = None
    """File with the passphrase under which keys are in them; without it keys are not in them."""


@dataclass(frozen=True, slots=True)
class DatabaseConfig:
    """[database]: the catalogue."""

    url: str = "sqlite:callvault.sqlite3"
    """sqlite:PATH (relative to the data folder) or postgresql://USER@HOST/NAME."""
    password_file: Path | None = None
    """File that holds the password of a PostgreSQL URL."""
    connect_timeout_s: int = 3
    """How long PostgreSQL may take to accept a connection, in seconds, 2 to 60."""
    statement_timeout_s: int = 10
    """How long PostgreSQL may take to answer a query, in seconds, 1 to 600."""


@dataclass(frozen=True, slots=True)
class FinaliseConfig:
    """[finalise]: from journal to sealed recording."""

    processes: int = 1
    """How many journals are finished at once, 1 to 64."""
    mp3_quality: int = 7
    """LAME quality, 0 (best, slow) to 9; 7 is measured 674 times real time a core."""
    mp3_kbit_s: int = 32
    """Bit rate of the stereo file, 16 to 320; wideband calls take twice as much."""
    keep_received_payloads: bool = False
    """Keep the received packets beside the MP3 as evidence (about 130 kbit/s a stream)."""
    g726_is_aal2: bool = False
    """Senders of G726-16 to -40 order bits as over ATM AAL2, not as in RFC 3551."""


@dataclass(frozen=True, slots=True)
class WebConfig:
    """[web]: the portal."""

    bind_address: str = "127.0.0.1"
    """Address of the portal; :: for all of IPv6 and IPv4, 0.0.0.0 for all of IPv4."""
    port: int = 8080
    """Port of the portal, 1 to 65535; 0 takes any free one (tests)."""
    https: str = "auto"
    """HTTPS: on, off or auto, which is on beyond loopback unless there are trusted_proxies."""
    tls_certificate: Path = Path("keys/web-tls.crt")
    """Certificate of HTTPS, PEM, its chain after it; a self-signed one is made if missing."""
    tls_key: Path = Path("keys/web-tls.key")
    """Private key of that certificate, PEM without password, mode 0600."""
    redirect_port: int = 0
    """Port of plain HTTP on the same address that leads browsers to HTTPS; 0: none."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of reverse proxies: what they say of scheme, host, client is true."""
    host_names: tuple[str, ...] = ("localhost", "127.0.0.1")
    """Names under which people reach the portal (HTTP Host)."""
    workers: int = 2
    """WSGI worker processes, 1 to 64."""
    language: str = "en"
    """Language of the sign-in page: en, it or fr."""
    time_zone: str = "UTC"
    """The system's time zone, an IANA name such as Europe/Rome, at first start."""

    @property
    def is_on_loopback(self) -> bool:
        """Whether only this machine reaches the portal's port."""
        return ip_address(self.bind_address).is_loopback

    @property
    def speaks_https(self) -> bool:
        """Whether the portal's own port is HTTPS."""
        if self.https == "auto":
            return not self.is_on_loopback and not self.trusted_proxies
        return self.https == "on"

    @property
    def browsers_use_https(self) -> bool:
        """Whether people come by HTTPS, ours or a proxy's; else from this machine only."""
        return self.speaks_https or bool(self.trusted_proxies)


@dataclass(frozen=True, slots=True)
class MetricsConfig:
    """[metrics]: metrics and health of each program."""

    bind_address: str = "127.0.0.1"
    """Address of the listeners. Anybody who reaches it may read: loopback, or behind a firewall."""
    recorder_port: int = 9461
    """Port of the recorder's listener, 1 to 65535; 0: none."""
    worker_port: int = 9462
    """Port of the worker's listener, 1 to 65535; 0: none."""
    web_port: int = 9463
    """Port of the portal's listener, 1 to 65535; 0: none."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings of a node."""

    node: NodeConfig = field(default_factory=NodeConfig)
    sip: SipConfig = field(default_factory=SipConfig)
    capture: CaptureConfig = field(default_factory=CaptureConfig)
    capacity: CapacityConfig = field(default_factory=CapacityConfig)
    control: ControlConfig = field(default_factory=ControlConfig)
    spool: SpoolConfig = field(default_factory=SpoolConfig)
    vault: VaultConfig = field(default_factory=VaultConfig)
    backup: BackupConfig = field(default_factory=BackupConfig)
    database: DatabaseConfig = field(default_factory=DatabaseConfig)
    finalise: FinaliseConfig = field(default_factory=FinaliseConfig)
    web: WebConfig = field(default_factory=WebConfig)
    metrics: MetricsConfig = field(default_factory=MetricsConfig)
