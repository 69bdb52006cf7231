"""Call decisions: the list, the page of one, and the sources that wait to be allowed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from msgspec.structs import replace
from pytest_django import DjangoAssertNumQueries

from callvault.clock import ns_from_utc
from callvault.policy.decision import Decision, Outcome, Step, Verdict
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration.models import PolicyRevision, Trunk
from callvault.portal.configuration.pilot_models import PilotNumbers
from callvault.portal.decisions.models import Attempt, Call
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.spool import entries
from tests.portal.catalogue_facts import STARTED, call_facts
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db

DISCARDED = Decision(
    Verdict.DISCARDED,
    (
        Step("known_source", Outcome.PASSED, {"peer": "192.0.2.14", "trunk": "Webex"}),
        Step(
            "owner",
            Outcome.STOPPED,
            {"reason": "no_match", "number": "2099", "caller": "+15550199", "callee": "2099"},
        ),
        Step("mode", Outcome.NOT_REACHED),
    ),
)


@pytest.fixture
def discarded() -> Call:
    facts = call_facts(
        decision=DISCARDED, at=STARTED + timedelta(hours=1), caller="+15550199", callee="2099"
    )
    DjangoCatalogue().add_call(facts, ())
    return Call.objects.get(event_id=facts.event_id)


def knock(*, minutes: int = 0) -> Attempt:
    """Let a stranger try again, so much later."""
    DjangoCatalogue().add_attempt(
        entries.PeerAttempt(
            at_ns=ns_from_utc(STARTED + timedelta(minutes=minutes)),
            event_id=uuid4(),
            peer_address="203.0.113.9",
            peer_port=5060,
            transport="tcp",
            method="INVITE",
            request_uri="sip:100@192.0.2.1",
        ),
        node="rec-1",
    )
    return Attempt.objects.get()


def listed(client: Client, query: str = "") -> list[Call]:
    return [row.call for row in client.get(f"/decisions/{query}").context["rows"]]


def test_every_call_is_listed_the_newest_first(
    rita_client: Client, anns_recording: Recording, discarded: Call
) -> None:
    assert listed(rita_client) == [discarded, anns_recording.call]


@pytest.mark.parametrize(
    ("query", "verdicts"),
    [
        ("?verdict=discarded", ["discarded"]),
        ("?q=2099", ["discarded"]),
        ("?q=%2B1+555+0142", ["recorded"]),
        ("?first=2026-11-24", []),
        ("?first=2026-11-23&last=2026-11-23", ["discarded", "recorded"]),
        ("?first=nonsense", ["discarded", "recorded"]),
        ("?after=nonsense", ["discarded", "recorded"]),
    ],
)
def test_calls_are_found_by_verdict_number_and_day(
    rita_client: Client,
    anns_recording: Recording,
    discarded: Call,
    query: str,
    verdicts: list[str],
) -> None:
    assert [call.verdict for call in listed(rita_client, query)] == verdicts


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_list_can_be_asked_for_each_verdict(rita_client: Client, verdict: Verdict) -> None:
    form = rita_client.get(f"/decisions/?verdict={verdict}").context["form"]
    assert form.errors == {}
    assert form.cleaned_data["verdict"] == verdict


def test_a_call_that_belongs_to_nobody_offers_to_create_a_user(
    rita_client: Client, discarded: Call
) -> None:
    page = rita_client.get("/decisions/").content.decode()
    assert 'href="/people/new?extension=2099"' in page
    one = rita_client.get(f"/decisions/{discarded.event_id}")
    check_policy(one)
    assert 'href="/people/new?extension=2099"' in one.content.decode()
    assert 'href="/people/new?alias=%2B15550199"' in one.content.decode()


def test_a_user_created_from_a_call_hears_that_discarded_calls_have_no_audio(
    rita_client: Client,
) -> None:
    new = {"username": "new", "extension": "2099", "level": "20", "is_active": "on"}
    page = rita_client.post("/people/new?extension=2099", new, follow=True)
    assert b"of calls that were discarded before there is no audio" in page.content
    other = rita_client.post("/people/new", new | {"username": "two", "extension": ""}, follow=True)
    assert b"there is no audio" not in other.content


def test_nobody_is_to_be_created_for_a_number_of_the_recorder(
    rita_client: Client, discarded: Call
) -> None:
    PilotNumbers.objects.create(dial_in=["2099"])
    for url in ("/decisions/", f"/decisions/{discarded.event_id}"):
        page = rita_client.get(url).content.decode()
        assert "extension=2099" not in page
        assert 'href="/people/new?alias=%2B15550199"' in page


def test_the_page_of_a_decision_tells_the_chain(rita_client: Client, discarded: Call) -> None:
    page = rita_client.get(f"/decisions/{discarded.event_id}")
    assert page.context["heading"] == "Why was this call not recorded?"
    assert [step.outcome for step in page.context["steps"]] == ["passed", "stopped", "not_reached"]
    assert page.context["later_url"] == ""


def test_the_page_of_a_recorded_call_leads_to_its_recording(
    rita_client: Client, anns_recording: Recording, discarded: Call
) -> None:
    call = anns_recording.call
    assert call is not None
    page = rita_client.get(f"/decisions/{call.event_id}")
    assert page.context["heading"] == "Why was this call recorded?"
    assert f"/recordings/{anns_recording.recording_id}/" in page.content.decode()
    assert page.context["later_url"] == f"/decisions/{discarded.event_id}"
    assert page.context["earlier_url"] == ""


def test_a_stranger_is_allowed_into_a_new_trunk_after_a_page_that_names_it(
    rita_client: Client,
) -> None:
    attempt = knock()
    url = f"/decisions/peers/{attempt.public_id}/allow"
    page = rita_client.get(url)
    check_policy(page)
    assert "Allow 203.0.113.9 to send calls?" in page.content.decode()
    assert not Trunk.objects.exists()
    rita_client.post(url, {"trunk": "", "name": "Branch", "mode": "always_on"})
    trunk = Trunk.objects.get()
    assert (trunk.name, trunk.peers) == ("Branch", ["203.0.113.9"])
    assert PolicyRevision.current() == 1
    entry = AuditEntry.objects.get(action=Action.PEER_ALLOWED)
    assert entry.detail["peer"] == "203.0.113.9"
    assert entry.detail["new"]["peers"] == ["203.0.113.9"]
    assert list(rita_client.get("/decisions/").context["attempts"]) == []


def test_a_stranger_joins_a_trunk_that_there_is(rita_client: Client) -> None:
    trunk = Trunk.objects.create(name="Webex", peers=["192.0.2.14"], transports=["udp"])
    attempt = knock()
    rita_client.post(f"/decisions/peers/{attempt.public_id}/allow", {"trunk": trunk.public_id})
    trunk.refresh_from_db()
    assert trunk.peers == ["192.0.2.14", "203.0.113.9"]
    assert trunk.transports == ["udp", "tcp"]


def test_a_stranger_over_tls_is_known_by_the_names_in_its_certificate(rita_client: Client) -> None:
    trunk = Trunk.objects.create(name="SBC", peers=["192.0.2.14"], transports=["tcp"])
    url = f"/decisions/peers/{knock().public_id}/allow"
    Attempt.objects.update(transport="tls")
    wrong = rita_client.post(url, {"trunk": trunk.public_id, "tls_names": "s bc"})
    assert set(wrong.context["form"].errors) == {"tls_names"}
    rita_client.post(url, {"trunk": trunk.public_id, "tls_names": "SBC.example.com"})
    trunk.refresh_from_db()
    assert trunk.peers == ["192.0.2.14"]
    assert trunk.tls_names == ["sbc.example.com"]
    assert trunk.transports == ["tcp", "tls"]
    assert trunk.version == 2


def test_a_certificate_s_name_makes_a_trunk_of_tls_alone(rita_client: Client) -> None:
    url = f"/decisions/peers/{knock().public_id}/allow"
    Attempt.objects.update(transport="tls")
    rita_client.post(url, {"name": "SBC", "tls_names": "sbc.example.com"})
    trunk = Trunk.objects.get()
    assert (trunk.peers, trunk.transports) == ([], ["tls"])


def test_in_clear_no_certificate_is_asked_for(rita_client: Client) -> None:
    url = f"/decisions/peers/{knock().public_id}/allow"
    assert "tls_names" not in rita_client.get(url).context["form"].fields


def test_calls_are_listed_by_trunk(rita_client: Client) -> None:
    for name in ("Webex", "CUBE"):
        facts = call_facts()
        DjangoCatalogue().add_call(replace(facts, trunk=entries.TrunkRef(uuid4(), name)), ())
    page = rita_client.get("/decisions/?trunk=CUBE")
    assert [row.call.trunk_name for row in page.context["rows"]] == ["CUBE"]
    assert "Calls of trunk CUBE" in page.content.decode()


def test_a_new_trunk_needs_a_name_of_its_own(rita_client: Client) -> None:
    Trunk.objects.create(name="Webex", peers=["192.0.2.14"], transports=["udp"])
    url = f"/decisions/peers/{knock().public_id}/allow"
    for name in ("", "webex"):
        response = rita_client.post(url, {"name": name, "mode": "always_on"})
        assert response.status_code == 422
        assert set(response.context["form"].errors) == {"name"}
    assert Attempt.objects.get().settled_at is None


def test_a_peer_that_a_trunk_has_meanwhile_joins_no_other(rita_client: Client) -> None:
    url = f"/decisions/peers/{knock().public_id}/allow"
    Trunk.objects.create(name="Webex", peers=["203.0.113.9"], transports=["udp"])
    response = rita_client.post(url, {"trunk": "", "name": "Branch", "mode": "always_on"})
    assert response.context["form"].errors == {"trunk": ["203.0.113.9 already belongs to Webex."]}
    assert Trunk.objects.count() == 1


def test_a_stranger_allowed_and_removed_again_shows_when_it_tries(rita_client: Client) -> None:
    attempt = knock()
    rita_client.post(f"/decisions/peers/{attempt.public_id}/allow", {"name": "Branch"})
    Trunk.objects.all().delete()
    knock(minutes=60 * 24 * 3650)
    assert len(rita_client.get("/decisions/").context["attempts"]) == 1


def test_a_dismissed_stranger_stays_dismissed(rita_client: Client) -> None:
    attempt = knock()
    rita_client.post(f"/decisions/peers/{attempt.public_id}/dismiss")
    knock(minutes=60 * 24 * 3650)
    assert list(rita_client.get("/decisions/").context["attempts"]) == []
    assert AuditEntry.objects.filter(action=Action.PEER_DISMISSED).count() == 1
    assert not Trunk.objects.exists()


def test_an_agent_can_neither_allow_nor_dismiss(client: Client, ann: User) -> None:
    attempt = knock()
    client.force_login(ann)
    for what in ("allow", "dismiss"):
        response = client.post(f"/decisions/peers/{attempt.public_id}/{what}", {"name": "Mine"})
        assert response.status_code == 403
    assert not Trunk.objects.exists()


def test_what_a_stranger_sends_is_shown_as_text(rita_client: Client) -> None:
    attempt = knock()
    Attempt.objects.update(user_agent="<script>alert(1)</script>")
    for path in ("/decisions/", f"/decisions/peers/{attempt.public_id}/allow"):
        page = rita_client.get(path)
        check_policy(page)
        assert "&lt;script&gt;" in page.content.decode()


def test_node_events_are_worded_and_unknown_ones_keep_their_name(rita_client: Client) -> None:
    for kind in ("started", "srtp_key_wrong", "flux_capacitor_low"):
        event = entries.NodeEvent(ns_from_utc(STARTED), uuid4(), kind, "warning", {"volts": "3"})
        DjangoCatalogue().add_node_event(event, node="rec-1")
    page = rita_client.get("/decisions/").content.decode()
    assert "Recorder started" in page
    assert "Audio of a call cannot be decrypted" in page
    assert "Flux capacitor low" in page


def test_the_list_costs_the_same_however_many_calls(
    rita_client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        DjangoCatalogue().add_call(call_facts(), ())
    with django_assert_max_num_queries(11):
        rita_client.get("/decisions/")
