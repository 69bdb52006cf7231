"""What a worker reports of its node, for the page *Service and nodes*, and the test of a node."""

import logging

from callvault import clock
from callvault.commands.worker_watch import WorkerWatch
from callvault.config import Config
from callvault.portal.nodes.reports import (
    Report,
    TestReport,
    is_test_due,
    put_report,
    put_test,
)
from callvault.portal.status import fresh_heartbeat
from callvault.recorder.node_address import node_address
from callvault.recorder.node_test import check_node

logger = logging.getLogger(__name__)


def report_node(watch: WorkerWatch, config: Config) -> None:
    """Put down how the node is, and test it if somebody asks for that."""
    report = node_report(watch, config)
    put_report(config.node.name, report)
    if report.address is not None and is_test_due(config.node.name):
        limit = report.recorder.open_file_limit if report.recorder else 0
        checks = check_node(report.address, config.capture, open_file_limit=limit)
        logger.info("node tested: %s", ", ".join(f"{one.code} {one.outcome}" for one in checks))
        at_ns = clock.read().realtime_ns
        put_test(config.node.name, TestReport(at_ns=at_ns, checks=tuple(checks)))


def node_report(watch: WorkerWatch, config: Config) -> Report:
    """Join what the recorder of this machine says to what the worker sees."""
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
        address=node_address(config),
    )
