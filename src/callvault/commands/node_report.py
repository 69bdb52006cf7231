"""What a worker reports of its node, for the page *Service and nodes*, and the test of a node."""

import asyncio
import logging
import os
from pathlib import Path

from callvault import __version__, clock
from callvault.commands.worker_watch import WorkerWatch
from callvault.config import Config
from callvault.errors import ConfigError
from callvault.monitoring.reachability import NodeAddress, NodeCheck, Outcome
from callvault.monitoring.time_sync import is_synchronised
from callvault.portal.nodes.doors import sealed_door
from callvault.portal.nodes.orders import Order, carried_out, order_for
from callvault.portal.nodes.reports import (
    Report,
    TestReport,
    catalogue_now_ns,
    is_test_due,
    put_report,
    put_test,
)
from callvault.portal.status import ProgramBeat, fresh_heartbeat, fresh_web_beat
from callvault.recorder.draining import is_stopped, withdraw_order, write_order
from callvault.recorder.own_probe import Knock
from callvault.recorder.reachability import (
    Reachability,
    check_reachability,
    listening_ports,
    own_addresses,
)
from callvault.sip.sockets import shown

logger = logging.getLogger(__name__)

_STARTED_NS = clock.read().realtime_ns  # the worker loads this when it starts


def report_node(watch: WorkerWatch, config: Config) -> None:
    """Put down how the node is, and test it if somebody asks for that."""
    node = config.node.name
    trouble = _follow_order(config)
    report = node_report(watch, config, order_trouble=trouble)
    put_report(node, report, control=sealed_door(node, config.node.data_folder))
    if is_test_due(node):
        checks = _tested(config)
        logger.info("node tested: %s", ", ".join(f"{one.code} {one.outcome}" for one in checks))
        put_test(node, TestReport(at_ns=clock.read().realtime_ns, checks=checks))


def _follow_order(config: Config) -> str:
    """Have the recorder do what somebody orders on the page; return why that cannot be done."""
    order = order_for(config.node.name)
    if order is None:
        return ""
    try:
        carry_out(order, config.node.data_folder)
    except OSError as error:
        logger.error("order %s cannot be carried out: %s", order.kind, error)
        return str(error)
    logger.warning("order %s of %s is carried out", order.kind, order.by)
    carried_out(config.node.name, order)
    return ""


def carry_out(order: Order, data_folder: Path) -> None:
    """Write down for the recorder what is ordered. Raises OSError."""
    if order.kind == "start" or (order.kind == "drain" and is_stopped(data_folder)):
        withdraw_order(data_folder)
    if order.kind == "start":
        return
    write_order(
        data_folder,
        now_ns=clock.read().realtime_ns,
        longest_s=order.wait_minutes * 60,
        stays=order.kind == "drain",
        stops=order.kind == "stop",
    )


def node_report(watch: WorkerWatch, config: Config, *, order_trouble: str = "") -> Report:
    """Join what the recorder of this machine says to what the worker sees."""
    offset_ms = _clock_offset_ms()
    now_ns = clock.read().realtime_ns
    return Report(
        at_ns=now_ns,
        recorder=fresh_heartbeat(config.node.data_folder, now_ns=now_ns),
        waiting_journals=watch.backlog.journals,
        waiting_bytes=watch.backlog.size_bytes,
        oldest_age_s=watch.backlog.oldest_age_s,
        vault_free_bytes=watch.vault.free_bytes,
        vault_total_bytes=watch.vault.total_bytes,
        vault_trouble=watch.progress.store_trouble,
        cores=len(os.sched_getaffinity(0)),
        address=node_address(config),
        worker=ProgramBeat(now_ns, _STARTED_NS, __version__, watch.progress.store_trouble),
        web=fresh_web_beat(config.node.data_folder, now_ns=now_ns),
        clock_offset_ms=offset_ms,
        is_clock_synchronised=is_synchronised(),
        order_trouble=order_trouble,
    )


def _clock_offset_ms() -> int:
    """Return how far this machine's clock is ahead of the catalogue's, to half an asking."""
    before_ns = clock.read().realtime_ns
    theirs_ns = catalogue_now_ns()
    after_ns = clock.read().realtime_ns
    return round(((before_ns + after_ns) / 2 - theirs_ns) / 1e6)


def node_address(config: Config) -> NodeAddress:
    """Return where peers reach this node."""
    sip, ports = config.sip, listening_ports(config)
    return NodeAddress(
        addresses=own_addresses(sip),
        is_advertised={sip.advertised_address, sip.advertised_address_ipv6} != {"auto"},
        sip_port=ports["udp"],
        tls_port=ports.get("tls", 0),
        media_first=config.capture.port_first,
        media_last=config.capture.port_last + 1,
    )


def _tested(config: Config) -> tuple[NodeCheck, ...]:
    try:
        return checks_of(asyncio.run(check_reachability(config)))
    except ConfigError as error:
        return (NodeCheck("test", Outcome.FAILED, {"reason": str(error)}),)


def checks_of(found: Reachability) -> tuple[NodeCheck, ...]:
    """Return what was found as the portal shows it."""
    return (*map(_door, found.knocks), _media_ports(found), _open_files(found))


def _door(one: Knock) -> NodeCheck:
    values = {
        "target": shown(one.address),
        "found": one.outcome,
        "status": str(one.status or ""),
        "reason": one.detail,
    }
    if one.is_reached:
        return NodeCheck(one.transport, Outcome.PASSED, values)
    # A router that does not turn packets round hides an address from its own node.
    is_hidden = one.outcome in ("silent", "unreachable")
    outcome = Outcome.UNKNOWN if is_hidden else Outcome.FAILED
    return NodeCheck(one.transport, outcome, values)


def _media_ports(found: Reachability) -> NodeCheck:
    ports = found.ports
    values = {"free": str(ports.free), "taken": str(ports.taken), "reason": ports.problem}
    outcome = Outcome.PASSED if ports.free else Outcome.FAILED
    return NodeCheck("media_ports", outcome, values)


def _open_files(found: Reachability) -> NodeCheck:
    """Compare the calls that files allow with those that ports allow, two pairs a call."""
    calls, calls_by_ports = found.calls_by_open_files, (found.ports.free + found.ports.taken) // 2
    values = {
        "limit": str(found.open_files),
        "calls": str(calls),
        "calls_by_ports": str(calls_by_ports),
    }
    if not found.open_files:
        return NodeCheck("open_files", Outcome.UNKNOWN, values)
    outcome = Outcome.PASSED if calls >= calls_by_ports else Outcome.REMARK
    return NodeCheck("open_files", outcome, values)
