"""Data export by the API."""

from typing import Any

import pytest

from callvault.export import FaultKind, TargetFault
from callvault.portal.audit.models import AuditEntry
from callvault.portal.exports import views
from callvault.portal.exports.models import ExportSettings, ExportTurn, RecordingExport
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.api.conftest import Calling, calling

from .conftest import export
from .memory_target import MemoryTarget

__all__ = ["calling"]

pytestmark = pytest.mark.django_db
PATH = "/settings/export"
CHANGE = {"mode": "on", "place": r"\\files\calls", "username": "ann", "password": "s3cret words"}
DAYS = {"first_day": "2026-11-23", "last_day": "2026-11-23"}


def test_settings_are_read_changed_and_never_over_anothers_edit(
    rita: User, calling: Calling
) -> None:
    caller = calling(rita)
    assert caller("GET", PATH).json()["mode"] == "off"
    changed = caller("PATCH", PATH, CHANGE | {"version": 0})
    assert changed.status_code == 200, changed.content
    told = changed.json()
    assert (told["mode"], told["place"], told["has_password"]) == ("on", r"\\files\calls", True)
    assert "s3cret" not in changed.content.decode()
    late = caller("PATCH", PATH, {"mode": "off", "version": 0})
    assert (late.status_code, late.json()["version"]) == (409, 1)
    assert caller("PATCH", PATH, {"wait_hours": 48, "version": 1}).json()["wait_hours"] == 48
    assert ExportSettings.load().password == "s3cret words"
    half = caller("PATCH", PATH, {"place": r"\\other\calls", "version": 2})
    assert (half.status_code, half.json()["errors"][0]["pointer"]) == (422, "/password")
    assert "s3cret" not in str(list(AuditEntry.objects.values("detail")))


def test_only_administrators_and_their_scopes(
    ann: User, sam: User, rita: User, calling: Calling
) -> None:
    for person in (ann, sam):
        caller = calling(person)
        asked: list[tuple[str, str, Any]] = [
            ("GET", PATH, None), ("PATCH", PATH, CHANGE | {"version": 0}),
            ("POST", f"{PATH}/test", None), ("POST", f"{PATH}/past-days/count", DAYS),
            ("POST", f"{PATH}/past-days", DAYS), ("GET", "/exports", None),
            ("POST", "/exports/try", None),
        ]  # fmt: skip
        assert {caller(*one).status_code for one in asked} == {403}
    reader = calling(rita, "settings:read", name="reader")
    assert reader("PATCH", PATH, CHANGE | {"version": 0}).json()["scope"] == "settings:write"


def test_a_target_is_tested(
    rita: User, calling: Calling, target: MemoryTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    caller = calling(rita)
    assert caller("POST", f"{PATH}/test").status_code == 409
    caller("PATCH", PATH, CHANGE | {"version": 0})
    monkeypatch.setattr(views, "target_of", lambda _settings, deadline_s: target)
    assert caller("POST", f"{PATH}/test").json()["works"] is True
    target.fault = TargetFault("it is full", FaultKind.SPACE)
    told = caller("POST", f"{PATH}/test").json()
    assert (told["works"], told["said"]) == (False, "it is full")
    assert r"\\files\calls is full" in told["title"]


def test_past_days_are_counted_and_exported(
    rita: User, calling: Calling, anns_recording: Recording, target: MemoryTarget
) -> None:
    caller = calling(rita)
    assert caller("POST", f"{PATH}/past-days", DAYS).status_code == 409
    caller("PATCH", PATH, CHANGE | {"version": 0})
    assert caller("POST", f"{PATH}/past-days/count", DAYS).json() == {"recordings": 1}
    wrong = DAYS | {"last_day": "2026-11-22"}
    assert caller("POST", f"{PATH}/past-days", wrong).status_code == 422
    assert caller("POST", f"{PATH}/past-days", DAYS).json() == {"recordings": 1}


def test_the_queue_is_listed_and_tried(
    rita: User, calling: Calling, sealed: Recording, target: MemoryTarget
) -> None:
    caller = calling(rita)
    target.fault = TargetFault("it is full", FaultKind.SPACE)
    export(target)
    told = caller("GET", PATH).json()
    assert (told["waiting"], told["problem"]) == (1, "space")
    (row,) = caller("GET", "/exports?state=waiting").json()["items"]
    assert (row["recording_id"], row["problem"]) == (str(sealed.recording_id), "space")
    assert caller("POST", f"/exports/{row['id']}/try").status_code == 204
    assert ExportTurn.objects.get().next_run_at is None
    assert caller("POST", "/exports/try").status_code == 204
    target.fault = None
    export(target)
    assert caller("GET", "/exports?state=waiting").json()["items"] == []
    (row,) = caller("GET", "/exports?state=done").json()["items"]
    assert row["sha256"] == RecordingExport.objects.get().sha256
    assert caller("POST", f"/exports/{row['id']}/try").status_code == 404
