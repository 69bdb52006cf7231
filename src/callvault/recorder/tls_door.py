"""The TLS port of a node: opened when its files can be used, and kept in step with them.

A certificate is renewed by replacing its files: within seconds new connections get the new one.
Files that cannot be used change nothing but that an event says so.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from callvault import clock
from callvault.config.sections import Config, SipConfig
from callvault.recorder.server_certificate import ensure_server_certificate, expires_at
from callvault.sip import HostPort
from callvault.sip.pump import Pump
from callvault.sip.sockets import shown
from callvault.sip.tls import TlsEndpoint
from callvault.sip.tls_context import TlsContexts, TlsFiles, TlsFilesBroken, load_contexts

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
EXPIRY_LOOK = timedelta(days=1)
EXPIRES_SOON = timedelta(days=30)

Note = Callable[..., None]  # Recorder.note


class TlsFigures(NamedTuple):
    """How TLS is, since the start."""

    failed_handshakes: int = 0
    expires_at: datetime | None = None  # of the certificate in use; None: TLS is not spoken


class TlsDoor:
    """Listens for TLS as soon as, and as long as, there is something to speak it with."""

    def __init__(
        self, pump: Pump[Any], config: Config, note: Note, *, knows: Callable[[str], bool]
    ) -> None:
        """`knows` says whether a trunk has an address (TlsEndpoint)."""
        self._knows = knows
        self._pump = pump
        self._config = config
        self._note = note
        self._files = files_of(config.sip)
        self._seen: tuple[tuple[int, int, int], ...] = ()  # as last read
        self._found: tuple[tuple[int, int, int], ...] = ()  # at the last look
        self._endpoint: TlsEndpoint | None = None
        self._watching: asyncio.Task[None] | None = None
        self._told_of_expiry_at: datetime | None = None
        self._expires_at: datetime | None = None

    @property
    def address(self) -> HostPort | None:
        """Where TLS listens; None while it does not."""
        return self._endpoint.address if self._endpoint is not None else None

    def figures(self) -> TlsFigures:
        """Return how TLS is, for those who watch."""
        failed = self._endpoint.failed_handshakes if self._endpoint is not None else 0
        return TlsFigures(failed, self._expires_at)

    async def open(self) -> None:
        """Make what is missing and listen; go on looking after the files.

        Raises OSError if the port is taken. Files that cannot be used are told of by an event.
        """
        if not self._config.sip.tls:
            return
        await asyncio.to_thread(self._make_certificate)
        await self._look()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Stop listening and looking."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._endpoint is not None:
            await self._endpoint.close()

    def _make_certificate(self) -> None:
        own = self._config.sip
        given = (own.advertised_address, own.advertised_address_ipv6)
        addresses = tuple(one for one in given if one != "auto")
        try:
            ensure_server_certificate(
                own.tls_certificate,
                own.tls_key,
                node=self._config.node.name,
                addresses=addresses,
                now=clock.read().utc,
            )
        except OSError as error:
            logger.error("no certificate could be made: %s", error)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self._look()
            except OSError as problem:
                logger.error("tls cannot listen: %s", problem)
                self._seen = ()  # try again

    async def _look(self) -> None:
        """Read the files if they are not as they were, and no longer being replaced."""
        before, self._found = self._found, await asyncio.to_thread(self._files.fingerprint)
        is_settled = self._found == before or not before
        if is_settled and self._found != self._seen:
            self._seen = self._found
            try:
                contexts = await asyncio.to_thread(load_contexts, self._files)
            except TlsFilesBroken as error:
                self._note("tls_files_refused", "error", problem=str(error))
                return
            await self._use(contexts)
        await self._look_at_expiry()

    async def _use(self, contexts: TlsContexts) -> None:
        if self._endpoint is None:
            sip = self._config.sip
            self._endpoint = await TlsEndpoint.bind(
                self._pump,
                sip.bind_address,
                sip.listening_tls_port,
                contexts=contexts,
                knows=self._knows,
            )
            if self._watching is not None:  # later than at the start, whose event says it
                self._note("tls_listens", sip_tls=shown(self._endpoint.address))
            return
        self._endpoint.contexts = contexts
        self._told_of_expiry_at = None
        self._note("tls_files_read")

    async def _look_at_expiry(self) -> None:
        """Tell once a day of a certificate that is about to expire, or has."""
        now = clock.read().utc
        told_at = self._told_of_expiry_at
        if self._endpoint is None or (told_at is not None and now - told_at < EXPIRY_LOOK):
            return
        self._told_of_expiry_at = now
        expires = self._expires_at = await asyncio.to_thread(_expiry, self._files)
        if expires is not None and expires - now < EXPIRES_SOON:
            self._note("tls_certificate_expires", "warning", at=expires.isoformat())


def files_of(sip: SipConfig) -> TlsFiles:
    """Return the files that the settings name."""
    required = sip.tls_client_certificate
    kind = required if required in ("optional", "required") else "off"
    return TlsFiles(sip.tls_certificate, sip.tls_key, sip.tls_peers_file, kind)  # type: ignore[arg-type]


def _expiry(files: TlsFiles) -> datetime | None:
    try:
        return expires_at(files.certificate)
    except (OSError, ValueError):
        return None  # it has just been read; what is wrong with it now, the next look says
