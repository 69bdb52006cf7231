"""Run the recorder of a node until it is told to stop: sockets, threads, and the clock.

Wiring only. `run_recorder` blocks its thread on an event loop of its own.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import uvloop

from callvault import clock, sip
from callvault.capture import Receiver
from callvault.config.sections import Config
from callvault.policy.snapshot import Snapshot
from callvault.recorder.files import HEARTBEAT_FILE, SNAPSHOT_FILE, replace_file
from callvault.recorder.journals import JournalOpener, SealKey
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.sip import HostPort
from callvault.sip.pump import Pump
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint
from callvault.vault import Certificate

logger = logging.getLogger(__name__)

EVERY_S = 1.0
NAP_S = 0.1
"""How often the keeper looks at the clock; how much later it wakes is the loop's lag."""
FIRST_POLICY_S = 5.0
"""How long a start waits for the catalogue before it goes on with the policy file."""
GOODBYE_S = 3.0
"""How long peers have to answer our BYEs when the recorder stops."""


class Addresses(NamedTuple):
    """Where SIP is bound."""

    udp: HostPort
    tcp: HostPort


def run_recorder(
    config: Config,
    *,
    load_snapshot: Callable[[], Snapshot] | None,
    ingest_certificates: Sequence[Certificate],
    seal_key: SealKey,
    stop: threading.Event,
    on_ready: Callable[[Addresses], None] = lambda addresses: None,
) -> None:
    """Record until `stop` is set, then end all calls by BYE and close their journals.

    `config` has whole paths, as `config.load` gives them. `load_snapshot` is asked each second in
    a thread of its own; None: policy comes from `<data_folder>/snapshot.json` alone. `on_ready`
    is called once SIP is bound, with the real ports where the setting was 0. Raises OSError if a
    port is taken, SpoolError or VaultError if journals cannot be written.
    """
    recording = _record(config, load_snapshot, ingest_certificates, seal_key, stop, on_ready)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(recording)


async def _record(
    config: Config,
    load_snapshot: Callable[[], Snapshot] | None,
    certificates: Sequence[Certificate],
    seal_key: SealKey,
    stop: threading.Event,
    on_ready: Callable[[Addresses], None],
) -> None:
    config.spool.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    policy = PolicySource(load_snapshot, config.node.data_folder / SNAPSHOT_FILE)
    policy.start()
    receiver = Receiver(
        config.capture, spool_folder=config.spool.folder, sync_ms=config.spool.sync_ms
    )
    # One thread for the catalogue, so that its connection stays on that thread.
    with receiver, ThreadPoolExecutor(1, "policy") as policy_thread:
        recorder = Recorder(
            config, receiver, JournalOpener(receiver, seal_key, certificates), policy
        )
        await _serve(config, recorder, policy, policy_thread, stop, on_ready)


async def _serve(
    config: Config,
    recorder: Recorder,
    policy: PolicySource,
    policy_thread: ThreadPoolExecutor,
    stop: threading.Event,
    on_ready: Callable[[Addresses], None],
) -> None:
    """Bind SIP and look after the recorder; leave nothing open, whatever happens."""
    loop = asyncio.get_running_loop()
    refreshing = loop.run_in_executor(policy_thread, policy.refresh)
    await asyncio.wait({refreshing}, timeout=FIRST_POLICY_S)
    recorder.look_after()
    pump = Pump(recorder.agent, loop, on_events=recorder.take_events)
    recorder.attach(pump)
    udp, tcp = await _bind(pump, config)
    try:
        logger.info("recorder ready udp=%s tcp=%s", udp.address, tcp.address)
        recorder.note("started", sip_udp=_shown(udp.address), sip_tcp=_shown(tcp.address))
        on_ready(Addresses(udp.address, tcp.address))
        ports = f"udp/tcp {udp.address[1]}"
        keeper = _Keeper(config, recorder, policy, policy_thread, ports)
        await keeper.keep(refreshing, stop)
        await _say_goodbye(recorder)
        recorder.note("stopped")
    finally:
        recorder.abandon()
        recorder.node_journal.close()
        udp.close()
        await tcp.close()
        pump.close()


async def _bind(pump: Pump[sip.Event], config: Config) -> tuple[UdpEndpoint, TcpEndpoint]:
    """Bind UDP and TCP to one port; where any will do, UDP draws it and TCP follows."""
    udp = await UdpEndpoint.bind(pump, config.sip.bind_address, config.sip.port)
    try:
        tcp = await TcpEndpoint.bind(pump, config.sip.bind_address, udp.address[1])
    except OSError:
        udp.close()
        raise
    return udp, tcp


class _Keeper:
    """Does what is due each second: policy, housekeeping, heartbeat."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        policy: PolicySource,
        policy_thread: ThreadPoolExecutor,
        ports: str,
    ) -> None:
        self._recorder = recorder
        self._policy = policy
        self._policy_thread = policy_thread
        self._heartbeat = config.node.data_folder / HEARTBEAT_FILE
        self._ports = ports
        self._was_reachable = True
        self._beating: asyncio.Future[None] | None = None

    async def keep(self, refreshing: asyncio.Future[bool], stop: threading.Event) -> None:
        """Go round until told to stop. A slow catalogue delays nothing but itself."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while not stop.is_set():
            if loop.time() >= due:
                due = loop.time() + EVERY_S
                self._round()
                if refreshing.done():
                    refreshing = loop.run_in_executor(self._policy_thread, self._policy.refresh)
            asleep_at = loop.time()
            await asyncio.sleep(NAP_S)
            self._recorder.capacity.look(late_s=loop.time() - asleep_at - NAP_S)

    def _round(self) -> None:
        try:
            self._recorder.look_after()
            self._tell_of_policy()
            self._beat()
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

    def _beat(self) -> None:
        """Say that we run, for the portal of this machine.

        From a thread: a disk that stalls must not keep SIP from being answered. A beat that is
        still being written when the next is due stands for both.
        """
        if self._beating is not None and not self._beating.done():
            return
        beat = {
            "at_ns": clock.read().realtime_ns,
            "calls": self._recorder.calls_in_progress,
            "sip": self._ports,
        }
        loop = asyncio.get_running_loop()
        self._beating = loop.run_in_executor(None, _write_beat, self._heartbeat, beat)


def _write_beat(path: Path, beat: dict[str, object]) -> None:
    """Replace the heartbeat file; worth a write, not a sync."""
    try:
        replace_file(path, msgspec.json.encode(beat), durable=False)
    except OSError as error:
        logger.warning("heartbeat cannot be written: %s", error)


async def _say_goodbye(recorder: Recorder) -> None:
    """End all calls, and give their peers a moment to answer."""
    recorder.stop()
    loop = asyncio.get_running_loop()
    give_up = loop.time() + GOODBYE_S
    while recorder.calls_in_progress and loop.time() < give_up:
        await asyncio.sleep(0.02)
    if recorder.calls_in_progress:
        logger.warning("%d peers did not answer our BYE", recorder.calls_in_progress)


def _shown(address: HostPort) -> str:
    return f"{address[0]}:{address[1]}"
