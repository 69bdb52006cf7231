"""What a worker reports of its node, for the page *Service and nodes*."""

from pathlib import Path

from callvault import clock
from callvault.commands.worker_watch import WorkerWatch
from callvault.portal.nodes.reports import Report
from callvault.portal.status import fresh_heartbeat


def node_report(watch: WorkerWatch, data_folder: Path) -> Report:
    """Join what the recorder of this machine says to what the worker sees."""
    now_ns = clock.read().realtime_ns
    return Report(
        at_ns=now_ns,
        recorder=fresh_heartbeat(data_folder, now_ns=now_ns),
        waiting_journals=watch.backlog.journals,
        waiting_bytes=watch.backlog.size_bytes,
        oldest_age_s=watch.backlog.oldest_age_s,
        vault_free_bytes=watch.vault.free_bytes,
        vault_total_bytes=watch.vault.total_bytes,
        vault_trouble=watch.progress.store_trouble,
    )
