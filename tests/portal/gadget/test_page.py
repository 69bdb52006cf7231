"""The gadget: who may embed it, what it shows of whom, and what is done there."""

from uuid import UUID
from xml.etree import ElementTree

import pytest
from django.test import Client

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.gadget.models import GadgetSettings
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from tests.portal.catalogue_facts import list_recording
from tests.portal.gated import GatedViewTest
from tests.portal.live.conftest import Recorder, call_of, ended_call_of

pytestmark = pytest.mark.django_db
DESK = "https://finesse.example.com:8445"


@pytest.fixture
def on(db: None) -> None:
    GadgetSettings.objects.create(origins=[DESK])


class TestSettingsGate(GatedViewTest):
    url = "/settings/gadget/"


def text_of(client: Client, person: User | None, url: str = "/gadget/") -> str:
    if person is not None:
        client.force_login(person)
    return client.get(url).content.decode()


@pytest.mark.parametrize(
    "url", ["/gadget/", "/gadget/calls", "/gadget/waiting", "/gadget/finesse.xml"]
)
def test_without_origins_there_is_no_gadget(client: Client, url: str, data_folder: object) -> None:
    assert client.get(url).status_code == 404


@pytest.mark.usefixtures("on")
def test_only_pages_of_the_origins_may_embed_it(client: Client, ann: User) -> None:
    for person in (None, ann):
        if person:
            client.force_login(person)
        answer = client.get("/gadget/")
        policy = answer["Content-Security-Policy"]
        assert f"frame-ancestors {DESK}" in policy
        assert "X-Frame-Options" not in answer
        assert "default-src 'none'" in policy
    for url in ("/recordings/mine/", "/gadget/signed-in", "/settings/gadget/"):
        answer = client.get(url)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"


@pytest.mark.usefixtures("on")
def test_who_is_not_signed_in_is_led_to_a_window_and_back(client: Client, ann: User) -> None:
    page = text_of(client, None)
    assert 'href="/sign-in/?next=/gadget/signed-in" target="_blank"' in page
    assert client.get("/gadget/waiting").status_code == 204
    assert client.get("/gadget/calls")["HX-Redirect"] == "/gadget/"
    client.force_login(ann)
    assert client.get("/gadget/waiting")["HX-Redirect"] == "/gadget/"
    assert "You are signed in" in text_of(client, ann, "/gadget/signed-in")


@pytest.mark.usefixtures("on")
def test_it_shows_ones_own_call_and_recordings_and_no_others(
    client: Client, recorder: Recorder, ann: User, sam: User, rita: User
) -> None:
    recorder.calls = [call_of(ann)]
    recording = list_recording(ann)
    page = text_of(client, ann)
    assert "Paul Remote" in page
    assert f"/gadget/{UUID(int=1)}/pause" in page
    assert str(recording.recording_id) in page
    for other in (sam, rita):  # they see both elsewhere
        page = text_of(client, other)
        assert "You are not on the phone." in page
        assert str(recording.recording_id) not in page


@pytest.mark.usefixtures("on")
def test_who_may_only_record_sees_no_recordings(
    client: Client, recorder: Recorder, ann: User
) -> None:
    list_recording(ann)
    ann.level = Level.RECORD_ONLY
    ann.save()
    recorder.calls = [call_of(ann)]
    page = text_of(client, ann)
    assert "Paul Remote" in page
    assert 'id="recordings"' not in page


@pytest.mark.usefixtures("on")
def test_a_call_is_paused_there_and_that_is_audited(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(ann)
    answer = client.post(f"/gadget/{UUID(int=1)}/pause")
    assert answer.status_code == 200
    assert 'id="live"' in answer.content.decode()
    assert len(recorder.asked) == 1
    assert AuditEntry.objects.filter(action=Action.CALL_PAUSED).count() == 1


@pytest.mark.usefixtures("on")
def test_another_ones_call_is_over_to_who_may_not_see_it(
    client: Client, recorder: Recorder, ann: User, otto: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(otto)
    answer = client.post(f"/gadget/{UUID(int=1)}/pause")
    assert "This call is over." in answer.content.decode()
    assert recorder.asked == []


@pytest.mark.usefixtures("on")
def test_of_a_call_with_someone_they_supervise_people_see_and_drop_their_own(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    kept = {"mode": "live_keep", "mark": "kept"}
    both = (*call_of(ann, owned=kept).owners, *call_of(sam, owned=kept).owners)
    recorder.calls = [call_of(None, owners=both)]
    recorder.ended = [ended_call_of(ann, 2, owners=both)]
    page = text_of(client, sam)
    assert sam.get_full_name() in page
    assert ann.get_full_name() not in page
    client.post(f"/gadget/{UUID(int=1)}/drop")
    ((_, asked),) = recorder.asked
    assert asked["owners"] == [str(sam.public_id)]


@pytest.mark.usefixtures("on")
def test_what_one_only_supervises_is_not_controlled_there(
    client: Client, recorder: Recorder, ann: User, sam: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(sam)
    answer = client.post(f"/gadget/{UUID(int=1)}/pause")
    assert "This call is over." in answer.content.decode()
    assert recorder.asked == []


@pytest.mark.usefixtures("on")
def test_recordings_are_looked_for_when_the_number_of_calls_changes(
    client: Client, recorder: Recorder, ann: User
) -> None:
    recorder.calls = [call_of(ann)]
    client.force_login(ann)
    assert "HX-Trigger" not in client.get("/gadget/calls?shown=1")
    recorder.calls = []
    assert client.get("/gadget/calls?shown=1")["HX-Trigger"] == "cv:calls-changed"


@pytest.mark.usefixtures("on")
def test_finesse_is_told_of_the_page(client: Client) -> None:
    answer = client.get("/gadget/finesse.xml")
    assert answer["Content-Type"] == "application/xml"
    module = ElementTree.fromstring(answer.content)  # noqa: S314 - our own
    assert module.tag == "Module"
    content = module.find("Content")
    assert content is not None
    assert '<iframe src="http://testserver/gadget/"' in (content.text or "")


def test_origins_are_saved_audited_and_never_over_anothers(rita_client: Client) -> None:
    bad = rita_client.post("/settings/gadget/", {"origins": f"{DESK}\nexample.com", "version": 0})
    assert bad.status_code == 422
    assert "Line 2" in bad.content.decode()
    assert not GadgetSettings.objects.exists()
    rita_client.post("/settings/gadget/", {"origins": f"{DESK}\n\n{DESK}/", "version": 0})
    assert GadgetSettings.load().origins == [DESK]
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED, object_kind="gadget")
    assert entry.detail["new"] == {"origins": [DESK]}
    late = rita_client.post("/settings/gadget/", {"origins": "", "version": 0})
    assert late.status_code == 422
    assert GadgetSettings.load().origins == [DESK]
    rita_client.post("/settings/gadget/", {"origins": "", "version": 1})
    assert GadgetSettings.load().origins == []


@pytest.mark.usefixtures("on")
def test_ones_own_recording_is_paused_with_a_reason_and_no_other(
    client: Client, recorder: Recorder, ann: User, rita: User
) -> None:
    recorder.calls = [call_of(ann)]
    path = f"/gadget/{UUID(int=1)}/pause-for"
    assert f'href="{path}"' in text_of(client, ann)
    answer = client.get(path)
    assert f"frame-ancestors {DESK}" in answer["Content-Security-Policy"]
    assert client.post(path, {"reason": "card payment"})["Location"] == "/gadget/"
    assert [asked["detail"] for _, asked in recorder.asked] == ["card payment"]
    assert AuditEntry.objects.get(action=Action.CALL_PAUSED).detail["reason"] == "card payment"
    client.force_login(rita)
    assert client.get(path)["Location"] == "/gadget/"
    assert "This call is over." in client.post(path).content.decode()
    assert len(recorder.asked) == 1
