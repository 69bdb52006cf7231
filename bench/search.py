"""What a page of *All recordings* costs the server, by filter, among millions of recordings.

    .venv/bin/python -m bench.search [ROWS] [sqlite|postgresql]

A supervisor of two groups of forty asks for pages through the whole of the portal: session, gate,
list, count, template. Five million rows on SQLite unless told otherwise; PostgreSQL is Debian's, a
server of its own in the temporary folder. What is seeded is deleted at the end.
"""

import gzip
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench import catalogue
from bench.table import Row, finish

ROWS = 5_000_000
ROUNDS = 20
ENOUGH_MS = 5_000  # no further round after that
FIRST_BAR_MS, BAR_MS, PAGE_BAR_KB = 100.0, 200.0, 250.0
RANGE = "first=2026-10-01&last=2026-10-31"


def main() -> int:
    """Seed, measure and print."""
    words = sys.argv[1:]
    rows = next((int(word) for word in words if word.isdecimal()), ROWS)
    kind = "postgresql" if "postgresql" in words else "sqlite"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _set_up(folder, _database(kind, stack))
        began = time.perf_counter()
        catalogue.seed(rows)
        took = time.perf_counter() - began
        print(f"{rows:,} recordings seeded on {kind} in {took:.0f} s", flush=True)
        try:
            return finish(_measure(rows, kind))
        finally:
            from django.db import connections

            connections.close_all()


def _database(kind: str, stack: ExitStack) -> str:
    if kind == "sqlite":
        return "sqlite:catalogue.sqlite3"
    from tests.database.server import running

    server = stack.enter_context(running())
    return server.create("bench")


def _set_up(folder: Path, url: str) -> None:
    config = folder / "callvault.toml"
    config.write_text(
        f'[node]\nname = "bench"\ndata_folder = "{folder}"\n[database]\nurl = "{url}"\n',
        encoding="utf-8",
    )
    os.environ["CALLVAULT_CONFIG"] = str(config)
    os.environ["DJANGO_SETTINGS_MODULE"] = "callvault.portal.settings"
    import django

    django.setup()
    from django.core.management import call_command

    from callvault.portal.first_start import prepare_database

    prepare_database()
    call_command("collectstatic", verbosity=0, interactive=False)


def _measure(rows: int, kind: str) -> list[Row]:
    from django.test import Client

    from callvault.portal.people.levels import Level
    from callvault.portal.people.models import User
    from callvault.portal.wsgi import calm_the_collector

    sam = User.objects.create_user(
        "sam", level=Level.GROUP_SUPERVISOR, group="group 3", additional_groups="group 17"
    )
    rita = User.objects.create_user("rita", level=Level.ADMINISTRATOR)
    clients = {who: Client(SERVER_NAME="localhost") for who in ("supervisor", "administrator")}
    clients["supervisor"].force_login(sam)
    clients["administrator"].force_login(rita)
    for client in clients.values():
        client.get("/recordings/")
    calm_the_collector()  # as granian's processes do
    measured = [
        _row(f"{kind}, {rows:,}: {who}, {what}", clients[who], query, bar)
        for who in clients
        for what, query, bar in _asked(rows)
    ]
    size_kb = _compressed_kb(clients["administrator"], "rows=100")
    return [
        *measured,
        Row("a page of 100 rows, compressed", f"{size_kb:.0f} kB", f"< {PAGE_BAR_KB:.0f} kB",
            size_kb < PAGE_BAR_KB),
    ]  # fmt: skip


def _asked(rows: int) -> list[tuple[str, str, float]]:
    """Return what is asked, the query, and its bar in milliseconds."""
    from callvault.portal.people.models import User

    number = catalogue.number_of(rows - rows // 50).replace("+", "%2B")
    owner = User.objects.get(username="p3").public_id
    rare = f"complaint+{rows // 2 // 50 * 50}"
    others = {
        "no filter": "",
        "the oldest first": "sort=start",
        "the longest first": "sort=-duration",
        "a date range": RANGE,
        "a number": f"q={number}",
        "part of a number": "q=0142",
        "a name": "q=castellani+83",
        "a name that nobody has": "q=zzyzx",
        "a direction": "direction=dial_in",
        "a group": "group=group+17",
        "an owner": f"owner={owner}",
        "a length": "over=14:50",
        "a length that none has": "over=600",
        "a note": f"note={rare}",
        "a note that many have": "note=answered",
        "preserved": "preserved=yes",
        "not preserved": "preserved=no",
        "all at once": f"{RANGE}&q=555&direction=in&group=group+17&over=1&under=10&preserved=no",
    }
    return [
        ("a date range and a number", f"{RANGE}&q={number}", FIRST_BAR_MS),
        *((what, query, BAR_MS) for what, query in others.items()),
    ]


def _row(what: str, client: Any, query: str, bar_ms: float) -> Row:
    """Ask several times. The bar is for CPU time: on a shared machine, waiting says nothing."""
    client.get("/recordings/?rows=25")  # templates and the like are read once
    taken, worked = [], []
    for _ in range(ROUNDS):
        began, began_cpu = time.perf_counter(), _cpu_ms()
        answer = client.get(f"/recordings/?{query}")
        worked.append(_cpu_ms() - began_cpu)
        taken.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200, answer.status_code
        if sum(taken) > ENOUGH_MS:
            break
    p95 = sorted(worked)[min(round(len(worked) * 0.95), len(worked) - 1)]
    waited = f"{min(taken):.0f} to {max(taken):.0f} ms by the clock"
    row = Row(what, f"p95 {p95:.0f} ms of CPU", f"< {bar_ms:.0f} ms", p95 < bar_ms, waited)
    print(row.cells, flush=True)
    return row


def _cpu_ms() -> float:
    """Return the CPU time of this process, and of the database server's that works for it."""
    from django.db import connection

    if connection.vendor == "sqlite" or connection.connection is None:
        return time.process_time() * 1000
    backend = connection.connection.info.backend_pid
    on_cpu_ns = Path(f"/proc/{backend}/schedstat").read_text(encoding="ascii").split()[0]
    return time.process_time() * 1000 + int(on_cpu_ns) / 1e6


def _compressed_kb(client: Any, query: str) -> float:
    return len(gzip.compress(client.get(f"/recordings/?{query}").content, 6)) / 1000


if __name__ == "__main__":
    sys.exit(main())
