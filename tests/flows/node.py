"""A whole node as real processes, and a visitor of its portal, for tests and soaks."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from http.cookiejar import CookieJar
from pathlib import Path
from typing import IO
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

from tests.migrated import put_database
from tests.ports import free_pair

ROOT = Path(__file__).parents[2]
OWN_PASSWORD = "quiet harbour lanterns"


@dataclass
class Node:
    """`callvault serve` in a data folder of its own, on free ports."""

    data: Path
    settings: tuple[str, ...] = ("sip.port=0", "web.port=0", "web.workers=1")
    portal: str = ""
    password: str = ""
    sip_port: int = 0
    process: "subprocess.Popen[str] | None" = None
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.data.parent / f"{self.data.name}.log"

    def start(self) -> "Node":
        """Start it, and read from what it prints where it is."""
        self.settings = tuple(
            f"{one.removesuffix('0')}{free_pair()}" if one.endswith(".port=0") else one
            for one in self.settings
        )
        if not any(one.startswith("database.") for one in self.settings):
            put_database(self.data)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                callvault("serve", "--data", self.data, *sets(self.settings)),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=environment(),
            )
        assert self.process.stdout is not None
        said = _read_announcement(self.process.stdout)
        if "Callvault is running." not in said:
            self.process.wait(60)
            self.process.stdout.close()
            raise AssertionError(said + self.log.read_text())
        self.portal = _found(r"Portal +(\S+)", said)
        self.sip_port = int(_found(r"SIP +\S+:(\d+)", said))
        self.password = _found(r"Password +(\S+)", said)
        return self

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Stop it and return its exit code."""
        assert self.process is not None
        self.process.send_signal(sign)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def simulate(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Place calls to it and compare."""
        return subprocess.run(
            self.simulation(*arguments),
            check=False,
            capture_output=True,
            text=True,
            env=environment(),
        )

    def simulation(self, *arguments: object) -> list[str]:
        """Return the command line that places calls to it."""
        return callvault("simulate", "--data", self.data, *sets(self.settings), *arguments)

    def kill(self, name: str) -> None:
        """End one of its programs at once, as a crash would."""
        own = f"callvault.commands\0{name}\0".encode()
        for pid in self.processes():
            if own in _read(f"/proc/{pid}/cmdline") and self._started(pid):
                os.kill(pid, signal.SIGKILL)

    def _started(self, pid: int) -> bool:
        """Whether serve itself started the process, rather than one of its programs."""
        assert self.process is not None
        parent = re.search(rb"^PPid:\s+(\d+)", _read(f"/proc/{pid}/status"), re.M)
        return parent is not None and int(parent[1]) == self.process.pid

    def processes(self) -> list[int]:
        """Return the processes that serve started and that are still there, itself included."""
        assert self.process is not None
        mark = f"CALLVAULT_CONFIG={self.data.resolve() / 'callvault.toml'}".encode()
        return [pid for pid in _all_processes() if mark in _read(f"/proc/{pid}/environ")]


@dataclass
class Visitor:
    """A browser without a screen: cookies, forms with their tokens, redirects."""

    portal: str
    opener: OpenerDirector = field(
        default_factory=lambda: build_opener(HTTPCookieProcessor(CookieJar()))
    )

    def get(self, path: str, **headers: str) -> tuple[int, Message, bytes]:
        """Fetch a page: status, headers, body."""
        url = path if path.startswith("http") else self.portal + path
        return self._open(Request(url, headers=headers))  # noqa: S310 - our own portal

    def text(self, path: str) -> str:
        """Fetch a page that must be there."""
        status, _, body = self.get(path)
        assert status == 200, f"{path}: {status}"
        return body.decode()

    def send(self, path: str, *, to: str = "", **fields: str) -> str:
        """Fill in the form of a page, send it, and return the page it leads to.

        `to`: where the form is sent, if not to the page itself.
        """
        token = _found(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.text(path))
        data = urlencode({"csrfmiddlewaretoken": token, **fields}).encode()
        url = self.portal + (to or path)
        request = Request(  # noqa: S310 - our own portal
            url, data=data, headers={"Referer": self.portal + path}
        )
        status, _, body = self._open(request)
        assert status == 200, f"{path}: {status} {body[:2000]!r}"
        return body.decode()

    def sign_in(self, password: str) -> "Visitor":
        """Sign in as the first administrator with a one-time password, and choose another."""
        self.send("/sign-in/", login="admin", password=password)
        self.send(
            "/password/",
            old_password=password,
            new_password1=OWN_PASSWORD,
            new_password2=OWN_PASSWORD,
        )
        return self

    def _open(self, request: Request) -> tuple[int, Message, bytes]:
        try:
            with self.opener.open(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.headers, error.read()


def callvault(*arguments: object) -> list[str]:
    """Return the command line of a `callvault` command."""
    return [sys.executable, "-m", "callvault.commands", *map(str, arguments)]


def sets(settings: Sequence[str]) -> list[str]:
    """Return settings as options."""
    return [word for setting in settings for word in ("--set", setting)]


def environment() -> dict[str, str]:
    """Return this process's environment without what points to another node."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLVAULT_")}
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what is bound to happen; fail if it does not."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up_at, "it did not happen in time"
        time.sleep(0.1)


def _read_announcement(stream: IO[str]) -> str:
    lines: list[str] = []
    for line in stream:
        lines.append(line)
        if "Ctrl+C stops it" in line:
            break
    return "".join(lines)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


def _all_processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _read(path: str) -> bytes:
    """Read a file of /proc; a process that is gone has none."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
