"""The portal with a node configuration, as `callvault serve` runs it: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import io, json, sys
import django
django.setup()
from django.conf import settings
from django.db import connection
from callvault.portal.first_start import (
    collect_static_files, create_first_administrator, prepare_database,
)
prepare_database()
collect_static_files()
password = create_first_administrator()
from callvault.portal.wsgi import application

def get(path):
    told = {}
    def start_response(status, headers, exc_info=None):
        told["status"], told["headers"] = status, dict(headers)
    environ = {
        "REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "SERVER_NAME": "localhost",
        "SERVER_PORT": "8080", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http", "HTTP_HOST": "localhost:8080", "REMOTE_ADDR": "127.0.0.1",
        "wsgi.errors": sys.stderr,
    }
    response = application(environ, start_response)
    told["body"] = b"".join(response).decode("utf-8", "replace")
    if hasattr(response, "close"):
        response.close()
    return told

page = get("/sign-in/")
sheet = page["body"].split('rel="stylesheet" href="')[1].split('"')[0]
with connection.cursor() as cursor:
    pragmas = [
        cursor.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys")
    ]
other = get("/healthz")
print(json.dumps({
    "password": password, "page": page["status"],
    "policy": page["headers"]["Content-Security-Policy"],
    "sheet": sheet, "sheet_headers": get(sheet)["headers"], "pragmas": pragmas,
    "health": other["status"],
}))
"""


def run(script: str, config: Path) -> str:
    environment = os.environ | {
        "CALLVAULT_CONFIG": str(config),
        "DJANGO_SETTINGS_MODULE": "callvault.portal.settings",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "callvault.toml"
    path.write_text('[node]\ndata_folder = "data"\n', encoding="utf-8")
    return path


@pytest.mark.flow
def test_a_node_starts_from_nothing_and_serves_the_sign_in(config: Path) -> None:
    told = json.loads(run(SCRIPT, config))
    assert told["password"].count("-") == 3
    assert (told["page"], told["health"]) == ("200 OK", "200 OK")
    assert "'nonce-" in told["policy"]
    assert told["pragmas"] == ["wal", 2, 1]
    assert told["sheet"].startswith("/static/callvault/callvault.")
    assert "immutable" in told["sheet_headers"]["Cache-Control"]
    assert (config.parent / "data" / "callvault.sqlite3").exists()


WRITER = """
import sys
import django
django.setup()
from django.db import transaction
from callvault.portal.configuration.models import PolicyRevision
for _ in range(50):
    with transaction.atomic():
        PolicyRevision.current()  # a reader that becomes a writer
        PolicyRevision.bump()
"""


@pytest.mark.flow
def test_processes_that_write_at_once_wait_for_each_other(config: Path) -> None:
    prepare = "import django; django.setup()\n"
    prepare += "from callvault.portal.first_start import prepare_database; prepare_database()"
    run(prepare, config)
    environment = os.environ | {
        "CALLVAULT_CONFIG": str(config),
        "DJANGO_SETTINGS_MODULE": "callvault.portal.settings",
    }
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER], env=environment, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        _out, error = writer.communicate(timeout=100)
        assert writer.returncode == 0, error.decode()
    read = "import django; django.setup()\n"
    read += "from callvault.portal.configuration.models import PolicyRevision\n"
    read += "print(PolicyRevision.current())"
    assert run(read, config).strip() == "151"  # one of the first start
