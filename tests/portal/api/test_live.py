"""Calls in progress by the API."""

from uuid import UUID

import pytest

from callvault.monitoring.live_calls import ControlDoor
from callvault.portal.people.models import User
from tests.portal.live.conftest import TOKEN, Recorder, call_of, ended_call_of, recorder  # noqa: F401 - a fixture
from tests.portal.live.test_nodes import report

from .conftest import Calling

pytestmark = pytest.mark.django_db
CALL = f"/live-calls/{UUID(int=1)}"


def test_calls_are_listed_by_right_and_paused_with_a_reason(
    recorder: Recorder,  # noqa: F811 - a fixture and its use
    ann: User,
    otto: User,
    calling: Calling,
) -> None:
    recorder.calls = [call_of(ann)]
    (told,) = calling(ann)("GET", "/live-calls").json()
    assert (told["owner_name"], told["state"], told["remote_number"], told["level_dbfs"]) == (
        *("Ann Keller", "recording", "+15550142999"),
        -12.0,
    )
    assert calling(ann)("POST", f"{CALL}/pause", {"reason": "card number"}).status_code == 204
    assert calling(ann)("POST", f"{CALL}/resume", {}).status_code == 204
    assert [asked["detail"] for _path, asked in recorder.asked] == ["card number", ""]
    assert calling(otto)("GET", "/live-calls").json() == []
    assert calling(otto)("POST", f"{CALL}/pause", {}).status_code == 404
    assert len(recorder.asked) == 2


def test_a_call_on_demand_is_started_and_stopped(
    recorder: Recorder,  # noqa: F811 - a fixture and its use
    ann: User,
    calling: Calling,
) -> None:
    recorder.calls = [call_of(ann, may_keep=False, owned={"mode": "on_demand"})]
    (told,) = calling(ann)("GET", "/live-calls").json()
    assert (told["mode"], told["state"]) == ("on_demand", "not_started")
    for deed in ("start", "stop"):
        assert calling(ann)("POST", f"{CALL}/{deed}", {"reason": "wanted"}).status_code == 204
    assert [asked["owners"] for _path, asked in recorder.asked] == [[str(ann.public_id)]] * 2
    recorder.calls = [call_of(ann)]
    problem = calling(ann)("POST", f"{CALL}/start", {})
    assert (problem.status_code, problem.json()["code"]) == (409, "mode")


def test_the_node_of_a_call_is_told_and_those_that_do_not_answer_are_named(
    recorder: Recorder,  # noqa: F811
    ann: User,
    calling: Calling,
) -> None:
    recorder.calls = [call_of(ann)]
    report("rec-2", ControlDoor(1, TOKEN))  # nobody listens there
    answer = calling(ann)("GET", "/live-calls")
    assert [one["node"] for one in answer.json()] == ["callvault-1"]
    assert answer.headers["Callvault-Silent-Nodes"] == "rec-2"


def test_a_call_in_live_keep_mode_is_marked_while_it_runs_and_after(
    recorder: Recorder,  # noqa: F811 - a fixture and its use
    ann: User,
    otto: User,
    calling: Calling,
) -> None:
    recorder.calls = [call_of(ann, owned={"mode": "live_keep", "mark": "kept"})]
    recorder.ended = [ended_call_of(ann, 2)]
    (told,) = calling(ann)("GET", "/live-calls").json()
    assert (told["mode"], told["mark"]) == ("live_keep", "kept")
    (over,) = calling(ann)("GET", "/live-calls/ended").json()
    assert (over["id"], over["mark"], over["kept_unmarked"]) == (str(UUID(int=2)), "", False)
    assert calling(otto)("GET", "/live-calls/ended").json() == []
    for number, deed in ((1, "drop"), (2, "keep")):
        path = f"/live-calls/{UUID(int=number)}/{deed}"
        assert calling(ann)("POST", path, {}).status_code == 204
        assert calling(otto)("POST", path, {}).status_code == 404
    assert [path for path, _asked in recorder.asked] == [
        f"/calls/{UUID(int=1)}/drop",
        f"/calls/{UUID(int=2)}/keep",
    ]
    assert calling(ann, "live:read")("POST", path, {}).status_code == 403


def test_scopes_and_bounds_hold(
    recorder: Recorder,  # noqa: F811 - a fixture and its use
    ann: User,
    calling: Calling,
) -> None:
    recorder.calls = [call_of(ann)]
    assert calling(ann, "live:read")("POST", f"{CALL}/pause", {}).status_code == 403
    assert calling(ann, "live:control")("GET", "/live-calls").status_code == 403
    assert calling(ann)("POST", f"{CALL}/pause", {"reason": "x" * 201}).status_code == 422
    assert calling(ann)("POST", f"{CALL}/pause", {"who": "Rita"}).status_code == 422
    recorder.status = 503
    problem = calling(ann)("POST", f"{CALL}/pause", {})
    assert (problem.status_code, problem.json()["code"]) == (503, "not_on_disk")
    assert recorder.asked[-1][0] == f"/calls/{UUID(int=1)}/pause"


def test_without_a_recorder_that_is_said(ann: User, calling: Calling, data_folder: object) -> None:
    problem = calling(ann)("GET", "/live-calls")
    assert (problem.status_code, problem.json()["code"]) == (503, "recorder_unreachable")
