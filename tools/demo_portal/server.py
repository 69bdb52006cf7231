"""The demo portal as a running server, in a folder of its own, on a port that is free."""

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from threading import Event, Thread

from tools.demo_portal.live import calls_in_progress

START_WITHIN_S = 30.0
ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(folder: Path, *, calls: int, is_strained: bool = False) -> Iterator[str]:
    """Seed `folder` with so many recordings and serve it; gives the portal's address."""
    seed(folder, calls=calls, is_strained=is_strained)
    with serving(folder) as address:
        yield address


def seed(folder: Path, *, calls: int, is_strained: bool = False) -> None:
    """Make in `folder` what a portal shows; a copy of the folder can be served just so."""
    strained = ["strained"] if is_strained else []
    subprocess.run(
        [sys.executable, "-m", "tools.demo_portal", str(calls), *strained],
        check=True, env=_environment(folder, _free_port()), cwd=ROOT,
    )  # fmt: skip


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder that was seeded; gives the portal's address."""
    port = _free_port()
    environment = _environment(folder, port)
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", "1", "--blocking-threads", "4"),
            *("--log-level", "warning", "callvault.portal.wsgi:application"),
        ],
        env=environment,
        cwd=ROOT,
    )
    stopped = Event()
    heart = Thread(target=_beat, args=(folder / "data" / "run", stopped), daemon=True)
    heart.start()
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address, server)
        with calls_in_progress(folder / "data"):
            yield address
    finally:
        stopped.set()
        server.terminate()
        server.wait(timeout=10)
        heart.join()


def _environment(folder: Path, port: int) -> dict[str, str]:
    config = folder / "callvault.toml"
    config.write_text(
        f'[node]\nname = "rec-1"\ndata_folder = "{folder / "data"}"\n'
        f'[web]\nport = {port}\ntime_zone = "Europe/Rome"\n'
    )
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    return os.environ | {
        "CALLVAULT_CONFIG": str(config),
        "DJANGO_SETTINGS_MODULE": "callvault.portal.settings",
        "PYTHONPATH": path,
    }


def _free_port() -> int:
    with socket(AF_INET, SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return int(port)


def _beat(folder: Path, stopped: Event) -> None:
    """Say each second what a recorder and its worker would say, so that the pages show them."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        _keep_report_fresh(folder.parent / "callvault.sqlite3")
        beat = {"at_ns": time.time_ns(), "calls": 38, "sip": "udp/tcp 5060"}
        draft = folder / "recorder.json.new"
        draft.write_text(json.dumps(beat))
        draft.replace(folder / "recorder.json")
        if stopped.wait(1.0):
            return


def _keep_report_fresh(database: Path) -> None:
    moment = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(database)) as connection:
        connection.execute("UPDATE nodes_nodereport SET at = ?", (moment,))
        connection.commit()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_WITHIN_S
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/healthz", timeout=1):  # noqa: S310
            return
        time.sleep(0.1)
    raise TimeoutError(f"the portal did not answer on {address} within {START_WITHIN_S:.0f} s")
