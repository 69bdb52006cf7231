"""What a recorder does each second beside its calls: policy, housekeeping, and saying how it is."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import msgspec

from callvault import __version__, clock
from callvault.config.sections import Config
from callvault.recorder.draining import DrainOrder, end_order, read_order
from callvault.recorder.figures import RecorderFigures
from callvault.recorder.files import HEARTBEAT_FILE, replace_file
from callvault.recorder.key_desk import KeyDesk
from callvault.recorder.pause_keeper import PauseKeeper
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.recorder.tls_door import TlsFigures

logger = logging.getLogger(__name__)

EVERY_S = 1.0
NAP_S = 0.1
"""How often the keeper looks at the clock; how much later it wakes is the loop's lag."""


class Keeper:
    """Does what is due each second: policy, housekeeping, heartbeat."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        policy: PolicySource,
        policy_thread: ThreadPoolExecutor,
        ports: str,
        show: Callable[[RecorderFigures], None],
        *,
        tls: Callable[[], TlsFigures] = TlsFigures,
        refresh: Callable[[], bool],
    ) -> None:
        """`refresh` asks the catalogue what is new; in `policy_thread`."""
        self._tls = tls
        self._recorder = recorder
        self._pauses = PauseKeeper(recorder, config.control)
        self._keys = KeyDesk(recorder)
        self._policy = policy
        self._policy_thread = policy_thread
        self._refresh = refresh
        self._data_folder = config.node.data_folder
        self._ports = ports
        self._show = show
        self._was_reachable = True
        self._beating: asyncio.Future[DrainOrder | None] | None = None
        self._worst_lag_s = 0.0
        self._is_drained = False
        self.is_stopped = False
        """Whether it ended by an order to stop: for good, not for the next start to go on."""
        self._since_ns = clock.read().realtime_ns

    async def keep(self, refreshing: asyncio.Future[bool], stop: threading.Event) -> None:
        """Go round until told to stop, or drained. A slow catalogue delays nothing but itself."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not stop.is_set() and not self._is_drained:
            if loop.time() >= due:
                due = loop.time() + EVERY_S
                self._round()
                if refreshing.done():
                    refreshing = loop.run_in_executor(self._policy_thread, self._refresh)
            self._keys.look()
            asleep_at = loop.time()
            await asyncio.sleep(NAP_S)
            late_s = loop.time() - asleep_at - NAP_S
            self._worst_lag_s = max(self._worst_lag_s, late_s)
            self._recorder.capacity.look(late_s=late_s)

    def _round(self) -> None:
        try:
            self._recorder.look_after()
            self._pauses.look()
            self._tell_of_policy()
            self._tell_those_who_watch()
        except Exception:
            logger.exception("housekeeping failed")

    def _tell_of_policy(self) -> None:
        """Note when the catalogue goes away and comes back; calls go on being judged."""
        if self._policy.is_reachable == self._was_reachable:
            return
        self._was_reachable = self._policy.is_reachable
        if self._was_reachable:
            self._recorder.note("policy_recovered")
        else:
            self._recorder.note("policy_unreachable", "warning")

    def _tell_those_who_watch(self) -> None:
        """Put down how we are: metrics, systemd, and the portal of this machine."""
        figures = self._recorder.figures(
            policy_age_s=time.monotonic() - self._policy.confirmed_s, loop_lag_s=self._worst_lag_s
        )
        tls = self._tls()
        figures = replace(
            figures,
            failed_handshakes=tls.failed_handshakes,
            tls_expires_at_s=tls.expires_at.timestamp() if tls.expires_at else None,
        )
        self._worst_lag_s = 0.0
        self._show(figures)
        self._beat(figures)

    def _beat(self, figures: RecorderFigures) -> None:
        """Say that we run, and hear whether we are to drain.

        From a thread: a disk that stalls must not keep SIP from being answered. A beat that is
        still being written when the next is due stands for both.
        """
        if self._beating is not None:
            if not self._beating.done():
                return
            heard, self._beating = self._beating.result(), None
            self._follow(heard)
        beat = {
            "at_ns": clock.read().realtime_ns,
            "since_ns": self._since_ns,
            "version": __version__,
            "sip": self._ports,
            **figures.heartbeat(),
        }
        loop = asyncio.get_running_loop()
        self._beating = loop.run_in_executor(None, _beat_and_listen, self._data_folder, beat)

    def _follow(self, order: DrainOrder | None) -> None:
        """Drain if we are to; end when no call is left, or when those left take too long."""
        self._recorder.follow(order)
        calls = self._recorder.calls_in_progress
        if order is not None and order.is_over(calls=calls, now_ns=clock.read().realtime_ns):
            try:
                end_order(self._data_folder, order)
            except OSError as error:  # then whoever starts it again finds the order as it was
                logger.error("the order to end stays as it is on the disk: %s", error)
            self._recorder.note("drained", calls_left=str(calls))
            self._is_drained = True
            self.is_stopped = order.stops


def _beat_and_listen(data_folder: Path, beat: dict[str, object]) -> DrainOrder | None:
    """Replace the heartbeat file (worth a write, not a sync); return what is asked of us."""
    try:
        replace_file(data_folder / HEARTBEAT_FILE, msgspec.json.encode(beat), durable=False)
    except OSError as error:
        logger.warning("heartbeat cannot be written: %s", error)
    return read_order(data_folder)
