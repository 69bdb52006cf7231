"""`init`, `serve`, `admin` and `web` as processes: what they leave, and how they refuse."""

import json
import re
import socket
import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.flows.node import callvault, environment

pytestmark = pytest.mark.flow


def run(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        callvault(*arguments), check=False, capture_output=True, text=True, env=environment()
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder as `init` makes it."""
    folder = tmp_path_factory.mktemp("commands") / "data"
    done = run("init", "--data", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_init_makes_a_folder_that_only_its_owner_reads(data: Path) -> None:
    private = [path for path in (data, *data.rglob("*")) if "static" not in path.parts]
    assert len(private) > 8
    assert [path for path in private if path.stat().st_mode & 0o077] == []
    assert (data / "keys" / "archive" / "archive-1.key.pem").exists()
    assert "[sip]" in (data / "callvault.toml").read_text()


def test_init_can_be_repeated(data: Path) -> None:
    before = (data / "keys" / "archive" / "archive-1.crt.pem").read_bytes()
    settings = (data / "callvault.toml").read_text()
    done = run("init", "--data", data)
    assert done.returncode == 0
    assert re.search(r"one-time password (\w{4}-){3}\w{4}", done.stdout)
    assert (data / "keys" / "archive" / "archive-1.crt.pem").read_bytes() == before
    assert (data / "callvault.toml").read_text() == settings


def test_a_password_is_reset_and_printed_once(data: Path) -> None:
    done = run("admin", "reset-password", "ADMIN", "--data", data)
    assert done.returncode == 0
    assert re.match(r"One-time password of ADMIN: (\w{4}-){3}\w{4}\n", done.stdout)


def test_a_password_of_nobody_is_not_reset(data: Path) -> None:
    done = run("admin", "reset-password", "nobody", "--data", data)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "callvault: USER: there is no active person with user name 'nobody'\n"


def test_second_factors_of_who_lost_them_are_taken_away(data: Path) -> None:
    with sqlite3.connect(data / "callvault.sqlite3") as database:
        (admin,) = database.execute("SELECT id FROM people_user WHERE username='admin'").fetchone()
        database.execute(
            "INSERT INTO mfa_authenticator (user_id, type, data, created_at)"
            " VALUES (?, 'totp', '{}', '2026-11-23 14:25:30')",
            [admin],
        )
    done = run("admin", "reset-second-factor", "ADMIN", "--data", data)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Second factors of ADMIN taken away: 1\n")
    with sqlite3.connect(data / "callvault.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM mfa_authenticator").fetchone() == (0,)
        deeds = database.execute("SELECT action FROM audit_auditentry ORDER BY id").fetchall()
    assert deeds[-1] == ("factors_reset",)


def test_serve_names_the_setting_of_a_taken_port_and_starts_nothing(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", 0))
        port = other.getsockname()[1]
        sets = ("--set", f"sip.port={port}", "--set", "web.port=0")
        done = run("serve", "--data", tmp_path / "data", *sets)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"callvault: sip.port: UDP port {port} is taken")
    assert "--set sip.port=5070" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "data" / "callvault.sqlite3").exists()


def test_a_database_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    url = "database.url=postgresql://nobody@127.0.0.1:1/none"
    done = run("init", "--data", tmp_path / "data", "--set", url)
    assert done.returncode == 2
    assert done.stderr.startswith("callvault: database.url: the database cannot be used: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["serve", "web"])
def test_plain_http_beyond_this_machine_is_refused(command: str, data: Path) -> None:
    done = run(
        command, "--data", data, "--set", "web.bind_address=0.0.0.0", "--set", "web.https=off"
    )
    assert done.returncode == 2
    assert "web.https: off, allowed: auto or on, since web.bind_address 0.0.0.0" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_simulation_without_a_node_says_what_to_start(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        free = other.getsockname()[1]
    done = run("simulate", "--calls", "1", "--data", data, "--set", f"sip.port={free}")
    assert done.returncode == 2
    assert f"nothing answers at 127.0.0.1:{free}; start 'callvault serve' first" in done.stderr


def test_the_log_can_be_json(data: Path, tmp_path: Path) -> None:
    log = (
        "from callvault.commands import logs; import logging\n"
        "logs.set_up('json', program='recorder')\n"
        "logging.getLogger('callvault').info('rs=%s sealed', 'ab')\n"
        "try: 1 / 0\n"
        "except ZeroDivisionError: logging.getLogger('callvault').exception('fell')\n"
    )
    done = subprocess.run(
        [callvault()[0], "-c", log], capture_output=True, text=True, env=environment(), check=True
    )
    first, second = (json.loads(line) for line in done.stderr.splitlines())
    assert (first["event"], first["level"], first["program"]) == (
        "rs=ab sealed",
        "info",
        "recorder",
    )
    assert second["exception"][0]["exc_type"] == "ZeroDivisionError"
