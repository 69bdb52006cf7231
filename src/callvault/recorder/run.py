"""Run the recorder of a node until it is told to stop: sockets, threads, and the clock.

Wiring only. `run_recorder` blocks its thread on an event loop of its own.
"""

import asyncio
import importlib.util
import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import uvloop

from callvault import sip
from callvault.capture import Receiver
from callvault.config.sections import Config
from callvault.errors import TlsPortTaken, VaultError
from callvault.policy.snapshot import Snapshot
from callvault.recorder.checkpoint_files import CheckpointFiles
from callvault.recorder.control_doors import ControlDoors
from callvault.recorder.draining import read_order
from callvault.recorder.figures import RecorderFigures
from callvault.recorder.files import SNAPSHOT_FILE
from callvault.recorder.journals import JournalOpener, SealKey
from callvault.recorder.keep_pilot import KeepPilot
from callvault.recorder.keeper import Keeper
from callvault.recorder.neighbours import Neighbours
from callvault.recorder.policy_source import PolicySource
from callvault.recorder.service import Recorder
from callvault.recorder.tls_door import TlsDoor
from callvault.sip import HostPort
from callvault.sip.probe import ProbeKey
from callvault.sip.pump import Pump
from callvault.sip.sockets import shown, usable_bind_address
from callvault.sip.tcp import TcpEndpoint
from callvault.sip.udp import UdpEndpoint
from callvault.vault import KEY_BYTES, Certificate, node_key

logger = logging.getLogger(__name__)

FIRST_POLICY_S = 5.0
"""How long a start waits for the catalogue before it goes on with the policy file."""
DRAWS = 20
"""Ports tried where any will do."""
GOODBYE_S = 3.0
"""How long peers have to answer our BYEs when the recorder stops."""


class Addresses(NamedTuple):
    """Where SIP is bound."""

    udp: HostPort
    tcp: HostPort
    tls: HostPort | None = None

    @property
    def ports(self) -> str:
        """The ports in words: "udp/tcp 5060, tls 5061"."""
        tls = f", tls {self.tls[1]}" if self.tls else ""
        return f"udp/tcp {self.udp[1]}{tls}"


class _Doors(NamedTuple):
    """All that SIP comes in by."""

    udp: UdpEndpoint
    tcp: TcpEndpoint
    tls: TlsDoor

    @property
    def addresses(self) -> Addresses:
        """Where they are."""
        return Addresses(self.udp.address, self.tcp.address, self.tls.address)

    async def close(self) -> None:
        """Stop listening and close all connections."""
        self.udp.close()
        await self.tcp.close()
        await self.tls.close()


class _Hooks(NamedTuple):
    """What the program that runs the recorder hears and says."""

    on_ready: Callable[[Addresses], None]
    show: Callable[[RecorderFigures], None]
    keeps_calls: Callable[[], bool]
    neighbours: Neighbours


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
    neighbours: Neighbours | None = None,
) -> None:
    """Record until `stop` is set, then end all calls by BYE and close their journals.

    `config` has whole paths, as `config.load` gives them. `load_snapshot` is asked each second in
    a thread of its own; None: policy comes from `<data_folder>/snapshot.json` alone. `on_ready`
    is called once SIP is bound, with the real ports where the setting was 0; `show` each second,
    on the loop, with how the recorder is. An order to drain (`recorder.draining`) is followed, and
    ends the recorder when no call is left. `neighbours` are the other nodes, asked for a user's
    call that is none of ours. Raises OSError if a port is taken, SpoolError or
    VaultError if journals cannot be written.
    """
    hooks = _Hooks(on_ready, show, keeps_calls, neighbours or Neighbours())
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
    capture = replace(config.capture, bind_address=usable_bind_address(config.capture.bind_address))
    receiver = Receiver(capture, spool_folder=config.spool.folder, sync_ms=config.spool.sync_ms)
    # One thread for the catalogue, so that its connection stays on that thread.
    with receiver, ThreadPoolExecutor(1, "policy") as policy_thread:
        recorder = Recorder(
            config,
            receiver,
            JournalOpener(receiver, seal_key, certificates),
            policy,
            has_codecs=_has_codecs(),
            probe_key=ProbeKey(_node_key(config)),
        )
        recorder.count_elsewhere(
            lambda: hooks.neighbours.recordings(recorder.read_clocks().realtime_ns)
        )
        recorder.pilot_calls = KeepPilot(
            recorder, node=config.node.name, neighbours=hooks.neighbours
        )
        await _serve(config, recorder, policy, policy_thread, stop, hooks)


def _has_codecs() -> bool:
    """Whether the `codecs` extra is here; workers are taken to be installed like the recorder."""
    return importlib.util.find_spec("av") is not None


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
    refresh = partial(_refresh, policy, hooks.neighbours)
    refreshing = loop.run_in_executor(policy_thread, refresh)
    await asyncio.wait({refreshing}, timeout=FIRST_POLICY_S)
    recorder.look_after()
    recorder.follow(read_order(config.node.data_folder))
    pump = Pump(recorder.agent, loop, on_events=recorder.take_events)
    recorder.attach(pump)
    checkpoints = CheckpointFiles(config.spool.folder, _node_key(config))
    resumed = recorder.resume(checkpoints)
    doors = await _open_doors(pump, config, recorder)
    control = ControlDoors(recorder, config)
    try:
        addresses = doors.addresses
        _tell_of_start(recorder, addresses, resumed)
        hooks.on_ready(addresses)
        keeper = Keeper(
            config,
            recorder,
            policy,
            policy_thread,
            addresses.ports,
            hooks.show,
            tls=doors.tls.figures,
            refresh=refresh,
        )
        await keeper.keep(refreshing, stop)
        if hooks.keeps_calls() and not keeper.is_stopped:
            recorder.let_go()
        else:
            await _say_goodbye(recorder)
        recorder.note("stopped")
    finally:
        recorder.abandon()
        recorder.node_journal.close()
        await _close(control, recorder)
        await doors.close()
        pump.close()
        checkpoints.close()


def _tell_of_start(recorder: Recorder, addresses: Addresses, resumed: int) -> None:
    udp, tcp, tls = (shown(address) if address else "off" for address in addresses)
    logger.info("recorder ready udp=%s tcp=%s tls=%s", udp, tcp, tls)
    recorder.note("started", sip_udp=udp, sip_tcp=tcp, sip_tls=tls)
    if resumed:
        recorder.note("calls_continued", calls=str(resumed))


def _refresh(policy: PolicySource, neighbours: Neighbours) -> bool:
    """Ask the catalogue what is new; in its thread. Return whether policy is."""
    is_new = policy.refresh()
    neighbours.refresh()
    return is_new


async def _close(control: ControlDoors, recorder: Recorder) -> None:
    """Do nothing more for those who control, and finish what they asked for."""
    await asyncio.to_thread(control.close)
    await recorder.just_ended.close()


async def _open_doors(pump: Pump[sip.Event], config: Config, recorder: Recorder) -> _Doors:
    """Bind UDP and TCP to one port, then TLS."""
    udp, tcp = await _bind(pump, config, recorder.gate.sender_of)
    doors = _Doors(udp, tcp, TlsDoor(pump, config, recorder.note, knows=recorder.gate.knows))
    try:
        await doors.tls.open()
    except OSError as error:
        await doors.close()
        raise TlsPortTaken(error.errno, error.strerror) from None
    return doors


async def _bind(
    pump: Pump[sip.Event], config: Config, sender_of: Callable[[sip.Flow], str]
) -> tuple[UdpEndpoint, TcpEndpoint]:
    """Bind UDP and TCP; where any port will do, UDP draws one until TCP can follow."""
    attempts = 1 if config.sip.port else DRAWS
    while True:
        attempts -= 1
        udp = await UdpEndpoint.bind(
            pump, config.sip.bind_address, config.sip.port, sender_of=sender_of
        )
        try:
            return udp, await TcpEndpoint.bind(pump, config.sip.bind_address, udp.address[1])
        except OSError:
            udp.close()
            if not attempts:
                raise


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
