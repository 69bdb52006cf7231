"""A recorder that was ordered to stop: its program is there, takes no call, and waits."""

import logging
import threading

import msgspec

from callvault import __version__, clock
from callvault.commands.watch import Watch
from callvault.config import Config
from callvault.portal.status import Heartbeat
from callvault.recorder.draining import is_stopped
from callvault.recorder.files import HEARTBEAT_FILE, replace_file

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


def wait_while_stopped(config: Config, stop: threading.Event, watch: Watch) -> bool:
    """Wait while there is an order to stop; True: take calls, False: `stop` was set meanwhile.

    No port is open meanwhile, so that phone systems turn to another recorder. Whoever keeps
    programs running (`serve`, systemd) sees one that runs, and does not start it again and again.
    """
    data_folder = config.node.data_folder
    if not is_stopped(data_folder):
        return True
    logger.warning("stopped by an order: no call is taken until it is withdrawn")
    since_ns = clock.read().realtime_ns
    while is_stopped(data_folder) and not stop.is_set():
        watch.show((), not_ready="stopped by an order")
        watch.alive("stopped by an order")
        _beat(config, since_ns)
        stop.wait(LOOK_EVERY_S)
    if stop.is_set():
        return False
    logger.info("started again")
    return True


def _beat(config: Config, since_ns: int) -> None:
    now_ns = clock.read().realtime_ns
    beat = Heartbeat(
        now_ns,
        refusal="stopped",
        is_draining=True,
        is_stopped=True,
        since_ns=since_ns,
        version=__version__,
    )
    try:
        path = config.node.data_folder / HEARTBEAT_FILE
        replace_file(path, msgspec.json.encode(beat), durable=False)
    except OSError as error:
        logger.warning("heartbeat cannot be written: %s", error)
