"""The capture rate is told where people look, and records go when their time is over."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from callvault.commands.main import main
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.completeness.forgetting import forget_old_records
from callvault.portal.completeness.importing import import_file
from callvault.portal.completeness.judging import judge_due
from callvault.portal.completeness.models import CdrCall, CdrImport, CdrMapping
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.acting import request_of
from tests.portal.gated import GatedViewTest

from .files import cucm

pytestmark = pytest.mark.django_db
SETTINGS = {"days": "7", "least_percent": "99.5", "kept_days": "30", "version": "0"}
Output = pytest.CaptureFixture[str]


class TestSettingsGate(GatedViewTest):
    url = "/completeness/settings"


@pytest.fixture
def missed(rita: User, ann: User, anns_recording: Recording) -> CdrImport:
    """A call of Ann that no recorder heard of, just now."""
    now = int(timezone.now().timestamp())
    times = ("dateTimeOrigination", "dateTimeConnect", "dateTimeDisconnect")
    row = dict(zip(times, (now - 20, now - 10, now), strict=True))
    found = import_file(request_of(rita), cucm(row), file_name="cdr_", mapping=None)
    judge_due(found.at, holder="w")
    return found


def page(client: Client, address: str) -> str:
    return str(client.get(address).content.decode())


def test_a_rate_below_the_level_is_told(rita_client: Client, missed: CdrImport) -> None:
    for address in ("/dashboard/", "/completeness/"):
        assert "were captured" not in page(rita_client, address)
        assert "capture rate is below" not in page(rita_client, address)
    assert rita_client.post("/completeness/settings", SETTINGS).status_code == 302
    told = page(rita_client, "/dashboard/")
    assert "Only 0.00% of calls were captured" in told
    assert "By the phone system" in told
    assert "/completeness/?verdict=missing&amp;first=" in told
    assert "The capture rate is below 99.50%." in page(rita_client, "/completeness/")


def test_the_dashboard_is_silent_without_records(
    rita_client: Client, anns_recording: Recording
) -> None:
    assert "By the phone system" not in page(rita_client, "/dashboard/")


def test_settings_are_audited_and_never_saved_over_others(rita_client: Client) -> None:
    assert rita_client.post("/completeness/settings", SETTINGS).status_code == 302
    entry = AuditEntry.objects.get(object_kind="completeness")
    assert entry.detail["new"] == {"least_percent": "99.5", "kept_days": 30}
    assert rita_client.post("/completeness/settings", SETTINGS).status_code == 422


@pytest.mark.parametrize(
    "typed",
    [{"days": "0"}, {"least_percent": "101"}, {"kept_days": "6"}, {"days": "60"}, {"days": ""}],
)
def test_settings_out_of_range_are_refused(typed: dict[str, str], rita_client: Client) -> None:
    assert rita_client.post("/completeness/settings", SETTINGS | typed).status_code == 422


def test_old_records_go_with_what_is_left_of_their_imports(missed: CdrImport) -> None:
    now = timezone.now()
    assert forget_old_records(now + timedelta(days=89)) == 0
    assert forget_old_records(now + timedelta(days=91)) == 1
    assert not CdrCall.objects.exists()
    assert not CdrImport.objects.exists()
    entry = AuditEntry.objects.get(action=Action.CALL_RECORDS_FORGOTTEN)
    assert entry.detail == {"records": 1}
    assert forget_old_records(now + timedelta(days=91)) == 0


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder; the database is that of the tests."""
    for name in ("CALLVAULT_CONFIG", "CALLVAULT_SET"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    (tmp_path / "callvault.toml").write_text('[node]\ndata_folder = "."\n')
    return tmp_path


def cdr(data: Path, *arguments: object) -> int:
    return main(["cdr", "import", *map(str, arguments), "--data", str(data)])


def test_cron_imports_files_and_hears_of_lines(data: Path, capsys: Output) -> None:
    file, other = data / "cdr_A_01_1_1", data / "cdr_A_01_1_2"
    file.write_bytes(cucm({}, {"dateTimeOrigination": "never"}))
    other.write_bytes(cucm({}))
    assert cdr(data, file, other) == 1
    told = capsys.readouterr().out
    assert "cdr_A_01_1_1\tline 4\tstart\n" in told
    assert "cdr_A_01_1_1\t1 new, 0 known, 0 left alone, 1 wrong\n" in told
    assert "cdr_A_01_1_2\t0 new, 1 known, 0 left alone, 0 wrong\n" in told
    entry = AuditEntry.objects.filter(action=Action.CDR_IMPORTED).latest("id")
    assert entry.detail["command_line"] is True


def test_a_mapping_is_named_and_a_wrong_name_or_file_is_told(data: Path, capsys: Output) -> None:
    CdrMapping.objects.create(
        name="Branch office",
        start_column="a",
        duration_column="b",
        caller_column="c",
        callee_column="d",
    )
    file = data / "branch.csv"
    file.write_text("a,b,c,d\n2026-11-23 13:25:30,9,1,2\n")
    assert cdr(data, file, "--mapping", "Branch office") == 0
    assert CdrCall.objects.count() == 1
    assert cdr(data, file, "--mapping", "Other") == 2
    assert cdr(data, file) == 2
    assert cdr(data, data / "none.csv") == 2
    assert "there is no mapping called 'Other'" in capsys.readouterr().err
