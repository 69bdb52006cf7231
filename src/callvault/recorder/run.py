"""Run the recorder of a node until it is told to stop: sockets, threads, and the clock.

Wiring only. `run_recorder` blocks its thread on an event loop of its own.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import uvloop

from callvault import sip
from callvault.capture import Receiver
from callvault.config.sections import Config
from callvault.errors import VaultError
from callvault.policy.snapshot import Snapshot
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.draining import read_order
from callvault.recorder.figures import RecorderFigures
from callvault.recorder.files import SNAPSHOT_FILE
from callvault.recorder.journals import JournalOpener, SealKey
from callvault.recorder.keeper import Keeper
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.sip import HostPort
from callvault.sip.pump import Pump
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint
from callvault.vault import KEY_BYTES, Certificate, node_key

logger = logging.getLogger(__name__)

FIRST_POLICY_S = 5.0
"""How long a start waits for the catalogue before it goes on with the policy file."""
GOODBYE_S = 3.0
"""How long peers have to answer our BYEs when the recorder stops."""


class Addresses(NamedTuple):
    """Where SIP is bound."""

    udp: HostPort
    tcp: HostPort


class _Hooks(NamedTuple):
    """What the program that runs the recorder hears and says."""

    on_ready: Callable[[Addresses], None]
    show: Callable[[RecorderFigures], None]
    keeps_calls: Callable[[], bool]


def run_recorder(
    config: Config,
    *,
    load_snapshot: Callable[[], Snapshot] | None,
    ingest_certificates: Sequence[Certificate],
    seal_key: SealKey,
    stop: threading.Event,
    on_ready: Callable[[Addresses], None] = lambda addresses: None,
    show: Callable[[RecorderFigures], None] = lambda figures: None,
    keeps_calls: Callable[[], bool] = lambda: False,
) -> None:
    """Record until `stop` is set, then end all calls by BYE and close their journals.

    `config` has whole paths, as `config.load` gives them. `load_snapshot` is asked each second in
    a thread of its own; None: policy comes from `<data_folder>/snapshot.json` alone. `on_ready`
    is called once SIP is bound, with the real ports where the setting was 0; `show` each second,
    on the loop, with how the recorder is. An order to drain (`recorder.draining`) is followed, and
    ends the recorder when no call is left. Raises OSError if a port is taken, SpoolError or
    VaultError if journals cannot be written.
    """
    hooks = _Hooks(on_ready, show, keeps_calls)
    recording = _record(config, load_snapshot, ingest_certificates, seal_key, stop, hooks)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(recording)


async def _record(
    config: Config,
    load_snapshot: Callable[[], Snapshot] | None,
    certificates: Sequence[Certificate],
    seal_key: SealKey,
    stop: threading.Event,
    hooks: _Hooks,
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
        await _serve(config, recorder, policy, policy_thread, stop, hooks)


async def _serve(
    config: Config,
    recorder: Recorder,
    policy: PolicySource,
    policy_thread: ThreadPoolExecutor,
    stop: threading.Event,
    hooks: _Hooks,
) -> None:
    """Bind SIP and look after the recorder; leave nothing open, whatever happens."""
    loop = asyncio.get_running_loop()
    refreshing = loop.run_in_executor(policy_thread, policy.refresh)
    await asyncio.wait({refreshing}, timeout=FIRST_POLICY_S)
    recorder.look_after()
    recorder.follow(read_order(config.node.data_folder))
    pump = Pump(recorder.agent, loop, on_events=recorder.take_events)
    recorder.attach(pump)
    checkpoints = CheckpointFiles(config.spool.folder, _node_key(config))
    resumed = recorder.resume(checkpoints)
    udp, tcp = await _bind(pump, config)
    try:
        logger.info("recorder ready udp=%s tcp=%s", udp.address, tcp.address)
        recorder.note("started", sip_udp=_shown(udp.address), sip_tcp=_shown(tcp.address))
        if resumed:
            recorder.note("calls_continued", calls=str(resumed))
        hooks.on_ready(Addresses(udp.address, tcp.address))
        ports = f"udp/tcp {udp.address[1]}"
        keeper = Keeper(config, recorder, policy, policy_thread, ports, hooks.show)
        await keeper.keep(refreshing, stop)
        if hooks.keeps_calls():
            recorder.let_go()
        else:
            await _say_goodbye(recorder)
        recorder.note("stopped")
    finally:
        recorder.abandon()
        recorder.node_journal.close()
        udp.close()
        await tcp.close()
        pump.close()
        checkpoints.close()


async def _bind(pump: Pump[sip.Event], config: Config) -> tuple[UdpEndpoint, TcpEndpoint]:
    """Bind UDP and TCP to one port; where any will do, UDP draws it and TCP follows."""
    udp = await UdpEndpoint.bind(pump, config.sip.bind_address, config.sip.port)
    try:
        tcp = await TcpEndpoint.bind(pump, config.sip.bind_address, udp.address[1])
    except OSError:
        udp.close()
        raise
    return udp, tcp


def _node_key(config: Config) -> bytes:
    """Return the node's key. Without it calls are recorded, but none outlives this process."""
    try:
        return node_key(config.vault.key_folder)
    except (VaultError, OSError) as error:
        logger.error("no call can go on after a restart: %s", error)
        return os.urandom(KEY_BYTES)


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
