"""Shows whether the portal answers: asks its health page, as a browser would."""

import http.client
import logging
import threading
import time

from callvault.commands.watch import Watch
from callvault.config.sections import WebConfig
from callvault.monitoring import Sample

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
FIRST_LOOKS_EVERY_S = 0.2
PATIENCE_S = 5.0


def watch_portal(watch: Watch, config: WebConfig, stop: threading.Event) -> None:
    """Look until told to stop; often until it answers for the first time."""
    pause_s = FIRST_LOOKS_EVERY_S
    while not stop.wait(pause_s):
        started_s = time.monotonic()
        status = health(config)
        if status:
            pause_s = LOOK_EVERY_S
            watch.alive("serving" if status == 200 else "the catalogue is out of reach")
        samples = (
            Sample("callvault_web_ready", int(status == 200)),
            Sample("callvault_web_answer_seconds", time.monotonic() - started_s),
        )
        watch.show(samples, not_ready="" if status == 200 else f"portal answers {status}")


def health(config: WebConfig) -> int:
    """Return the status of the portal's health page; 0: it does not answer."""
    connection = http.client.HTTPConnection(config.bind_address, config.port, timeout=PATIENCE_S)
    try:
        connection.request("GET", "/healthz", headers={"Host": config.host_names[0]})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()
