"""The pages of trunks: how each is, what is worth a look, and two people at one of them."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from msgspec.structs import replace

from callvault.clock import ns_from_utc
from callvault.policy.decision import Decision, Outcome, Step, Verdict
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.configuration import guides
from callvault.portal.configuration.models import Trunk
from callvault.portal.configuration.trunk_state import TrunkState, state_of
from callvault.portal.configuration.trunk_warnings import warnings_of
from callvault.portal.decisions.models import Attempt, Call
from callvault.portal.nodes.reports import Report, put_report
from callvault.portal.people.models import User
from callvault.portal.status import Heartbeat, TrunkBeat
from callvault.spool.entries import TrunkRef
from tests.portal.catalogue_facts import call_facts
from tests.portal.configuration.test_settings_pages import data
from tests.portal.gated import check_policy

pytestmark = pytest.mark.django_db

HEARD = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
FULL = Decision(
    Verdict.REFUSED, (Step("room", Outcome.STOPPED, {"reason": "spool"}),), snapshot_revision=1
)


@pytest.fixture
def webex() -> Trunk:
    return Trunk.objects.create(name="Webex", peers=["192.0.2.0/24"], transports=["udp"])


def typed(**changed: object) -> dict[str, object]:
    return data(peers="192.0.2.0/24", transports=["udp"], version="1") | changed


def report(node: str, *, trunks: dict[str, TrunkBeat]) -> None:
    at_ns = ns_from_utc(timezone.now())
    put_report(node, Report(at_ns, recorder=Heartbeat(at_ns=at_ns, trunks=trunks)))


def a_call(decision: Decision | None = None, *, trunk: str = "Webex", hours_ago: int = 1) -> Call:
    at = timezone.now() - timedelta(hours=hours_ago)
    facts = call_facts(at=at) if decision is None else call_facts(decision=decision, at=at)
    DjangoCatalogue().add_call(replace(facts, trunk=TrunkRef(uuid4(), trunk)), ())
    return Call.objects.order_by("-pk")[0]


# --- how it is


def test_a_trunk_that_nothing_is_known_of(webex: Trunk) -> None:
    assert state_of(webex, now=timezone.now()) == TrunkState(
        trunk=webex, heard_at=None, calls=None, last_call_at=None, day_count=0, refusal=None
    )


def test_calls_are_added_up_over_nodes_and_the_latest_sign_of_life_counts(webex: Trunk) -> None:
    earlier = ns_from_utc(HEARD - timedelta(minutes=5))
    report("rec-1", trunks={"Webex": TrunkBeat(calls=2, heard_at_ns=ns_from_utc(HEARD))})
    report("rec-2", trunks={"Webex": TrunkBeat(calls=1, heard_at_ns=earlier), "X": TrunkBeat(9)})
    state = state_of(webex, now=timezone.now())
    assert (state.calls, state.heard_at) == (3, HEARD)


def test_a_node_that_reports_no_more_counts_no_more(webex: Trunk) -> None:
    report("rec-1", trunks={"Webex": TrunkBeat(calls=2)})
    assert state_of(webex, now=timezone.now() + timedelta(minutes=5)).calls is None


def test_calls_of_a_day_and_the_last_refusal_with_its_reason(webex: Trunk) -> None:
    a_call(hours_ago=30)
    latest = a_call(hours_ago=1)
    refused = a_call(FULL, hours_ago=2)
    a_call(FULL, trunk="CUBE")
    state = state_of(webex, now=timezone.now())
    assert (state.day_count, state.last_call_at, state.heard_at) == (2, latest.at, latest.at)
    assert state.refusal is not None
    assert (state.refusal.call, state.refusal.sentence) == (
        refused,
        "The spool's disk was nearly full.",
    )


def test_a_peer_of_the_trunk_that_calls_over_another_transport_is_pointed_out(
    rita_client: Client, webex: Trunk
) -> None:
    now = timezone.now()
    seen = {"first_seen_at": now, "last_seen_at": now}
    for address in ("192.0.2.7", "203.0.113.9"):
        Attempt.objects.create(
            peer_address=address, peer_port=5060, transport="tcp", method="INVITE", **seen
        )
    state = state_of(webex, now=now)
    assert [one.peer_address for one in state.attempts] == ["192.0.2.7"]
    page = rita_client.get(f"/settings/trunks/{webex.public_id}").content.decode()
    assert "192.0.2.7 calls over TCP, which this trunk does not allow" in page
    listed = rita_client.get("/settings/trunks/").content.decode()
    assert "2 sources that no trunk allows tried to call." in listed


# --- what is worth a look


@pytest.mark.parametrize(
    ("options", "remarks"),
    [
        ({"srtp": "refused"}, [("amber", "Audio is taken from anywhere.")]),
        (
            {"media_networks": ["192.0.2.0/24"], "srtp": "optional"},
            [("", "Encrypted audio is as good as clear over UDP/TCP.")],
        ),
        (
            {"media_networks": ["192.0.2.0/24"], "srtp": "required"},
            [("amber", "Keys of encrypted audio travel in clear over UDP/TCP.")],
        ),
        (
            {"media_networks": ["192.0.2.0/24"], "transports": ["tls"], "srtp": "required"},
            [],
        ),
        (
            {"media_networks": ["192.0.2.0/24"], "srtp": "refused", "digest_user": "sbc"},
            [("", "A password costs each call a second INVITE.")],
        ),
    ],
)
def test_what_is_worth_a_second_look(
    options: dict[str, object], remarks: list[tuple[str, str]]
) -> None:
    trunk = Trunk(**({"name": "A", "transports": ["udp", "tcp"]} | options))
    assert [(one.tone, one.strong) for one in warnings_of(trunk)] == remarks


# --- two people at one trunk


def test_who_was_slower_sees_who_changed_what_and_loses_nothing(
    rita_client: Client, webex: Trunk
) -> None:
    url = f"/settings/trunks/{webex.public_id}"
    rita_client.post(url, typed(mode="never", media_networks="198.51.100.0/24"))
    page = rita_client.post(url, typed(name="Webex Calling"))
    assert page.status_code == 422
    told = page.context["form"].non_field_errors()[0]
    assert told.startswith("Rita Marsh changed this trunk")
    assert "Audio may come from and Recording mode" in told
    assert 'value="Webex Calling"' in page.content.decode()
    webex.refresh_from_db()
    assert (webex.name, webex.mode, webex.version) == ("Webex", "never", 2)
    version = page.context["form"]["version"].value()
    assert rita_client.post(url, typed(name="Webex Calling", version=version)).status_code == 302
    webex.refresh_from_db()
    assert (webex.name, webex.mode, webex.version) == ("Webex Calling", "always_on", 3)


def test_what_was_typed_for_a_trunk_deleted_meanwhile_can_be_added_anew(
    rita_client: Client, webex: Trunk
) -> None:
    url = f"/settings/trunks/{webex.public_id}"
    webex.delete()
    page = rita_client.post(url, typed(name="Branch"))
    assert page.status_code == 422
    text = page.content.decode()
    assert 'value="Branch"' in text
    assert 'action="/settings/trunks/new"' in text
    assert rita_client.get(url).status_code == 404


# --- secrets


def test_a_password_is_never_shown_again_and_never_audited(
    rita_client: Client, webex: Trunk
) -> None:
    url = f"/settings/trunks/{webex.public_id}"
    rita_client.post(url, typed(digest_user="sbc", digest_password="a long secret"))
    webex.refresh_from_db()
    page = rita_client.get(url).content.decode()
    assert "One is set. Type another to change it" in page
    entry = AuditEntry.objects.get(action=Action.TRUNK_CHANGED)
    assert entry.detail["fields"] == ["digest_user", "password"]
    assert entry.detail["new"] == {"digest_user": "sbc"}
    for secret in ("a long secret", webex.digest_ha1_md5, webex.digest_ha1_sha256):
        assert secret not in page
        assert secret not in str(entry.detail)


def test_a_wrong_password_field_does_not_come_back_filled(
    rita_client: Client, webex: Trunk
) -> None:
    url = f"/settings/trunks/{webex.public_id}"
    page = rita_client.post(url, typed(name="", digest_user="sbc", digest_password="a secret"))
    assert page.status_code == 422
    assert "a secret" not in page.content.decode()


# --- guides


def test_the_guides_are_offered_and_shown_without_inline_style(rita_client: Client) -> None:
    listed = rita_client.get("/settings/trunks/new")
    names = ["webex-calling", "audiocodes", "cisco-cube", "cisco-cucm", "oracle-sbc", "opensips"]
    offered = [guide.name for guide in listed.context["guides"]]
    assert offered == [*names, "tls", "srtp"]
    for name in names:
        page = rita_client.get(f"/settings/trunks/guides/{name}")
        check_policy(page)
        assert "<th>field of the trunk</th>" in page.content.decode()


def test_a_guide_leads_to_other_guides_and_nowhere_else(rita_client: Client) -> None:
    text = rita_client.get("/settings/trunks/guides/connect-a-siprec-client").content.decode()
    assert '<h1 class="cv-page-title">Connect a SIPREC client</h1>' in text
    assert '<a href="opensips">OpenSIPS</a>' in text
    for name in ("nowhere", "..", "README"):
        assert rita_client.get(f"/settings/trunks/guides/{name}").status_code == 404


def test_a_link_within_a_guide_leads_to_its_heading(rita_client: Client) -> None:
    text = rita_client.get("/settings/trunks/guides/cisco-cucm").content.decode()
    wanted = set(re.findall(r'href="#([a-z-]+)"', text))
    assert {"codecs", "encrypted", "what-can-be-started-from-where"} <= wanted
    assert wanted <= set(re.findall(r'id="([^"]+)"', text))


def test_a_link_out_of_the_guides_leaves_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.md").write_text(
        "# A\n\nSee [audio](../explain/audio.md#codecs), [TLS](tls.md).\n"
    )
    monkeypatch.setattr(guides, "FOLDER", tmp_path)
    shown = guides.rendered(guides.Guide("a", "A"))
    assert shown == '<p>See audio, <a href="tls">TLS</a>.</p>\n'


def test_markup_in_a_guide_is_shown_as_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guides, "FOLDER", tmp_path)
    written = "# A\n\n<script>alert(1)</script> [x](javascript:alert(1)) [y](../README.md)\n"
    (tmp_path / "a.md").write_text(written)
    shown = guides.rendered(guides.Guide("a", "A"))
    assert "<script" not in shown
    assert 'href="javascript' not in shown
    assert "<a" not in shown


def test_only_administrators_see_trunks(client: Client, ann: User, webex: Trunk) -> None:
    client.force_login(ann)
    for path in ("", "new", str(webex.public_id), f"{webex.public_id}/delete"):
        assert client.get(f"/settings/trunks/{path}").status_code == 403
