"""Certificate and key of the portal's HTTPS: made where missing, looked after while it runs.

A certificate is renewed by replacing its files: within seconds the portal's processes are replaced
one by one, and nobody is signed out. Files that cannot be used change nothing but the log.
"""

import logging
import os
import signal
import ssl
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from callvault import clock
from callvault.commands.readiness import outward_addresses
from callvault.config import Config
from callvault.config.sections import WebConfig
from callvault.sip.tls_context import TlsFiles, TlsFilesBroken, load_contexts

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0
EXPIRY_LOOK = timedelta(days=1)
EXPIRES_SOON = timedelta(days=30)


def make_certificate(config: Config) -> None:
    """Make a self-signed certificate for the names of the portal, where there is none."""
    # Imported here: the recorder takes half a second that no other command need wait for.
    from callvault.recorder.server_certificate import ensure_server_certificate

    web = config.web
    hosts = [name.strip("[]") for name in web.host_names]
    addresses = [host for host in hosts if _is_address(host)]
    addresses += [web.bind_address, *outward_addresses(web.bind_address)]
    try:
        ensure_server_certificate(
            web.tls_certificate,
            web.tls_key,
            node=config.node.name,
            names=tuple(host for host in hosts if not _is_address(host) and "*" not in host),
            addresses=tuple(
                dict.fromkeys(one for one in addresses if not ip_address(one).is_unspecified)
            ),
            now=clock.read().utc,
        )
    except (OSError, ValueError) as error:
        logger.error("no certificate could be made: %s", error)


def wait_until_usable(files: TlsFiles, *, every_s: float = LOOK_EVERY_S) -> None:
    """Return when the files can be used. Meanwhile the recorder goes on, and the log says why."""
    told = ""
    pause = threading.Event()
    while True:
        trouble = trouble_with(files)
        if not trouble:
            return
        if trouble != told:
            logger.error("the portal waits for its certificate: %s", trouble)
            told = trouble
        pause.wait(every_s)


def trouble_with(files: TlsFiles) -> str:
    """Say what is wrong with the files; nothing if they can be used."""
    try:
        load_contexts(files)
    except TlsFilesBroken as broken:
        return str(broken)
    return ""


def files_of(web: WebConfig) -> TlsFiles:
    """Return the files that the settings name."""
    return TlsFiles(web.tls_certificate, web.tls_key)


def certificate_told(web: WebConfig) -> tuple[str, ...]:
    """Return what people compare with the certificate that their browser shows, if it warns."""
    try:
        made = x509.load_pem_x509_certificate(web.tls_certificate.read_bytes())
    except (OSError, ValueError):
        return ()
    if made.issuer != made.subject:
        return ()  # an authority vouches for it
    digest = made.fingerprint(hashes.SHA256()).hex(":").upper()
    return (f"self-signed, so browsers warn. SHA-256 {digest}",)


class CertificateWatch:
    """Looks after the files in a thread of its own; tells granian to take new ones (SIGHUP)."""

    def __init__(self, files: TlsFiles, *, every_s: float = LOOK_EVERY_S) -> None:
        self._files = files
        self._every_s = every_s
        self._seen = self._found = files.fingerprint()
        self._told_of_expiry_at: datetime | None = None
        self.expires_at: datetime | None = None

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        self.look_at_expiry(clock.read().utc)
        while not stop.wait(self._every_s):
            if self.has_new_files():
                logger.info("new certificate of the portal is in use")
                os.kill(os.getpid(), signal.SIGHUP)
            self.look_at_expiry(clock.read().utc)

    def has_new_files(self) -> bool:
        """Whether files changed, are no longer being replaced, and can be used."""
        before, self._found = self._found, self._files.fingerprint()
        if self._found != before or self._found == self._seen:
            return False
        self._seen = self._found
        trouble = trouble_with(self._files)
        if trouble:
            logger.error("new certificate of the portal is not used: %s", trouble)
            return False
        self._told_of_expiry_at = None
        return True

    def look_at_expiry(self, now: datetime) -> None:
        """Tell once a day of a certificate that is about to expire, or has."""
        told_at = self._told_of_expiry_at
        if told_at is not None and now - told_at < EXPIRY_LOOK:
            return
        self._told_of_expiry_at = now
        from callvault.recorder.server_certificate import expires_at

        with suppress(OSError, ValueError):  # what is wrong with it, the next look says
            self.expires_at = expires_at(self._files.certificate)
            if self.expires_at - now < EXPIRES_SOON:
                logger.warning("certificate of the portal expires at %s", self.expires_at)


def unchecked_context() -> ssl.SSLContext:
    """Return what we ask ourselves with: whether we answer, not who we are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
