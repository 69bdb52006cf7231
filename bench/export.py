"""How many recordings a second are exported to a local samba, sealed store to listed file.

    .venv/bin/python -m bench.export [RECORDINGS]

One worker, recordings of three minutes (720 kB of MP3), a catalogue on SQLite, Debian's samba with
encryption on this machine, as root. Beside it a plain copy of the same bytes to the same share.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.table import Row, finish

if TYPE_CHECKING:
    from tests.servers.samba import Samba

RECORDINGS = 300
AUDIO = bytes(range(256)) * 2880  # 720 kB
BAR_A_SECOND = 20.0
STARTED = datetime(2026, 11, 23, 13, 25, 30, tzinfo=UTC)


def main() -> int:
    """Seed, measure and print."""
    recordings = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDINGS
    with tempfile.TemporaryDirectory() as folder:
        _set_up(Path(folder))
        from tests.servers import samba

        with samba.running() as server:
            _seed(Path(folder), server, recordings)
            return finish(_measure(server, recordings))


def _set_up(folder: Path) -> None:
    config = folder / "callvault.toml"
    config.write_text(f'[node]\nname = "bench"\ndata_folder = "{folder}"\n', encoding="utf-8")
    os.environ["CALLVAULT_CONFIG"] = str(config)
    os.environ["DJANGO_SETTINGS_MODULE"] = "callvault.portal.settings"
    import django

    django.setup()
    from callvault.portal.first_start import prepare_database

    prepare_database()


def _seed(folder: Path, server: "Samba", recordings: int) -> None:
    """Switch export on, and list recordings that wait for it."""
    from tests.portal.catalogue_facts import Spoken, list_recording
    from tests.portal.sealing import seal_audio

    from callvault.portal.exports.models import ExportMode, ExportSettings
    from callvault.portal.people.models import User

    row = ExportSettings(
        mode=ExportMode.ON,
        place=str(server.address()),
        port=server.port,
        username=server.credentials.username,
        enabled_at=STARTED - timedelta(days=1),
    )
    row.password = server.credentials.password
    row.save()
    ann = User.objects.create_user("ann", first_name="Ann", extension="2014", group="sales")
    for number in range(recordings):
        spoken = Spoken(started_at=STARTED + timedelta(seconds=number))
        seal_audio(list_recording(ann, spoken), folder, AUDIO)


def _measure(server: "Samba", recordings: int) -> list[Row]:
    from callvault.portal.exports.exporter import run
    from callvault.portal.exports.turn import Turn

    turn = Turn("bench", lambda: datetime.now(UTC))
    began, cpu = time.perf_counter(), time.process_time()
    exported = run(turn, is_over=lambda: False)
    took, cpu = time.perf_counter() - began, time.process_time() - cpu
    if exported != recordings:
        raise SystemExit(f"{exported} of {recordings} were exported")
    plain = _plain_copy(server, recordings)
    rate, base = recordings / took, recordings / plain
    return [
        Row(
            f"recordings exported a second, {recordings} of {len(AUDIO) // 1000} kB",
            f"{rate:.0f}",
            f"≥ {BAR_A_SECOND:.0f}",
            rate >= BAR_A_SECOND,
            f"plain copy: {base:.0f}",
            f"{rate / base:.2f}",
        ),
        Row("CPU of the worker, ms a recording", f"{1000 * cpu / recordings:.1f}"),
    ]


def _plain_copy(server: "Samba", recordings: int) -> float:
    """Write the same bytes as often, each file at once under its name; return the seconds."""
    import smbclient

    who = server.credentials
    signed_in = {"username": who.username, "password": who.password, "port": server.port}
    smbclient.register_session("127.0.0.1", encrypt=True, **signed_in)
    began = time.perf_counter()
    for number in range(recordings):
        path = server.address().path(f"plain-{number}.mp3")
        with smbclient.open_file(path, mode="wb", encrypt=True, **signed_in) as file:
            file.write(AUDIO)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
