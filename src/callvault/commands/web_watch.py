"""Shows whether the portal answers: asks its health page, as a browser would."""

import http.client
import logging
import os
import threading
import time
from pathlib import Path

import msgspec

from callvault import __version__, clock
from callvault.commands.readiness import own_address
from callvault.commands.watch import Watch
from callvault.commands.web_tls import CertificateWatch, unchecked_context
from callvault.config.sections import WebConfig
from callvault.monitoring import Sample
from callvault.portal.status import WEB_FILE, ProgramBeat

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
FIRST_LOOKS_EVERY_S = 0.2
PATIENCE_S = 5.0


def watch_portal(
    watch: Watch,
    config: WebConfig,
    stop: threading.Event,
    certificate: CertificateWatch | None = None,
    *,
    data_folder: Path | None = None,
) -> None:
    """Look until told to stop; often until it answers for the first time.

    What was found is put down in the data folder, for the worker of this machine to report.
    """
    since_ns = clock.read().realtime_ns
    pause_s = FIRST_LOOKS_EVERY_S
    while not stop.wait(pause_s):
        started_s = time.monotonic()
        status = health(config)
        if status:
            pause_s = LOOK_EVERY_S
            watch.alive("serving" if status == 200 else "the catalogue is out of reach")
        samples = [
            Sample("callvault_web_ready", int(status == 200)),
            Sample("callvault_web_answer_seconds", time.monotonic() - started_s),
        ]
        if certificate is not None and certificate.expires_at is not None:
            expires = certificate.expires_at.timestamp()
            samples.append(Sample("callvault_web_tls_certificate_expiry_seconds", expires))
        if data_folder is not None:
            _beat(data_folder, since_ns, status)
        watch.show(samples, not_ready="" if status == 200 else f"portal answers {status}")


def _beat(data_folder: Path, since_ns: int, status: int) -> None:
    trouble = "" if status == 200 else f"answers {status}" if status else "gives no answer"
    beat = ProgramBeat(clock.read().realtime_ns, since_ns, __version__, trouble)
    try:
        path = data_folder / WEB_FILE
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        fresh.write_bytes(msgspec.json.encode(beat))
        fresh.replace(path)
    except OSError as error:
        logger.warning("heartbeat cannot be written: %s", error)


def health(config: WebConfig) -> int:
    """Return the status of the portal's health page; 0: it does not answer."""
    connection = _connection(config)
    try:
        connection.request("GET", "/healthz", headers={"Host": config.host_names[0]})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def _connection(config: WebConfig) -> http.client.HTTPConnection:
    place = (own_address(config.bind_address), config.port)
    if config.speaks_https:
        context = unchecked_context()
        return http.client.HTTPSConnection(*place, timeout=PATIENCE_S, context=context)
    return http.client.HTTPConnection(*place, timeout=PATIENCE_S)
