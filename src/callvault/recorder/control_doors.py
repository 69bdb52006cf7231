"""Where the control API of a recorder is reached: on loopback, and by TLS for other nodes.

Each door has a token of its own, drawn at each start, in a file of mode 0600. What other nodes need
(address, token, and a certificate drawn at each start, too) the worker of this machine puts into
the catalogue, sealed: so nobody has to hand certificates out, and none is ever too old.
"""

import asyncio
import logging
import ssl
from pathlib import Path

from callvault import clock
from callvault.config.sections import Config
from callvault.monitoring.live_calls import CONTROL_FILE, OUTWARD_FILE
from callvault.recorder.control import Control, Outward
from callvault.recorder.control_desk import Desk
from callvault.recorder.reachability import own_addresses
from callvault.recorder.server_certificate import ensure_server_certificate
from callvault.recorder.service import Recorder
from callvault.sip.sockets import usable_bind_address

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"


class ControlDoors:
    """The doors that could be opened: a call is worth more than its control."""

    def __init__(self, recorder: Recorder, config: Config) -> None:
        desk = Desk(recorder, asyncio.get_running_loop())
        found = (_loopback(desk, config), _outward(desk, config))
        self._open = [one for one in found if one is not None]

    def close(self) -> None:
        """Close them. Waits for the threads that accept."""
        for one in self._open:
            one.close()


def outward_address(config: Config) -> str:
    """Return by which address other nodes reach us; empty: by none."""
    wanted = config.control.advertised_address
    if wanted == "auto":
        # With SQLite there are no other nodes, so no port is opened to the network.
        is_alone = config.database.url.startswith("sqlite:")
        return "" if is_alone else own_addresses(config.sip)[0]
    return "" if wanted == "off" else wanted


def _loopback(desk: Desk, config: Config) -> Control | None:
    file = config.node.data_folder / CONTROL_FILE
    try:
        return Control(desk, file, LOOPBACK, config.control.port)
    except OSError as error:
        logger.warning("no control of live calls: %s", error)
        return None


def _outward(desk: Desk, config: Config) -> Control | None:
    file = config.node.data_folder / OUTWARD_FILE
    file.unlink(missing_ok=True)  # of a recorder that was killed
    address = outward_address(config)
    if not address:
        return None
    bound = usable_bind_address(config.control.bind_address)
    port = config.control.tls_port
    try:
        outward = _drawn(file.parent, config.node.name, address)
        return Control(desk, file, bound, port, outward=outward)
    except OSError as error:
        logger.warning("no control of live calls by other nodes, TLS port %d: %s", port, error)
        return None


def _drawn(folder: Path, node: str, address: str) -> Outward:
    """Draw a certificate for this start; its key is on the disk only until it is read. OSError."""
    certificate, key = folder / "control-tls.crt", folder / "control-tls.key"
    for path in (certificate, key):
        path.unlink(missing_ok=True)
    try:
        ensure_server_certificate(
            certificate, key, node=node, addresses=(address,), now=clock.read().utc
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate, key)
        return Outward(address, certificate.read_text(), context)
    finally:
        for path in (certificate, key):
            path.unlink(missing_ok=True)
