"""What workers hand over: all of it, once, however often they do it."""

from datetime import UTC, datetime
from uuid import uuid4

import msgspec
import pytest

from callvault.clock import ns_from_utc
from callvault.finalise.catalogue import Catalogue, TimelineItem
from callvault.policy.decision import Party, Verdict
from callvault.portal.catalogue import DjangoCatalogue
from callvault.portal.decisions.models import Attempt, Call, NodeEvent
from callvault.portal.people.models import User
from callvault.portal.recordings.permissions import recordings_in_catalogue
from callvault.spool import entries
from tests.portal.catalogue_facts import (
    STARTED,
    Spoken,
    call_facts,
    recording_facts,
)

pytestmark = pytest.mark.django_db


def attempt(count: int = 1, *, at: datetime = STARTED, user_agent: str = "") -> entries.PeerAttempt:
    return entries.PeerAttempt(
        at_ns=ns_from_utc(at),
        event_id=uuid4(),
        peer_address="203.0.113.9",
        peer_port=5060,
        transport="udp",
        method="INVITE",
        request_uri="sip:100@192.0.2.1",
        user_agent=user_agent,
        count=count,
    )


def test_sound_that_was_made_anew_replaces_what_is_listed_of_it_and_nothing_else(
    ann: User,
) -> None:
    facts = recording_facts(ann, Spoken(Party("5550142", "Studio")))
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    before: dict[str, object] = dict(recordings_in_catalogue().values().get())
    quality = msgspec.structs.replace(facts.quality, flags=("one_way",))
    anew = msgspec.structs.replace(
        facts, quality=quality, sample_rate_hz=16000, objects=facts.objects[:1], call_id="other"
    )
    DjangoCatalogue().replace_audio(anew)
    after: dict[str, object] = dict(recordings_in_catalogue().values().get())
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"flags", "is_flagged", "quality", "sample_rate_hz", "objects_sealed"}
    assert (after["flags"], after["sample_rate_hz"]) == (["one_way"], 16000)


def test_the_catalogue_is_what_finalise_asks_for() -> None:
    catalogue: Catalogue = DjangoCatalogue()
    assert catalogue.read_until(uuid4()) == 0


def test_a_call_and_its_recordings_are_listed(ann: User) -> None:
    timeline = (TimelineItem(102_000, "held", 49_000),)
    facts = recording_facts(ann, Spoken(Party("00390612345678", "Studio"), timeline=timeline))
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    row = recordings_in_catalogue().get()
    call = Call.objects.get()
    assert row.call == call
    assert row.owner == ann
    assert (row.owner_name, row.owner_extension, row.owner_group) == ("Ann Keller", "2014", "sales")
    assert row.remote_number == "00390612345678"
    assert row.remote_normalised == "+390612345678"
    assert row.started_at == STARTED
    assert (row.ended_at - row.started_at).total_seconds() == 372.4
    assert row.codecs == ["PCMA"]
    assert row.size_bytes == 1_489_600
    assert row.timeline[0]["kind"] == "held"
    assert row.sealed_object("audio") == {
        "kind": "audio",
        "size_bytes": 1_489_600,
        "sha256": "ab" * 32,
    }
    assert row.sealed_object("raw") is None
    assert "assignments" not in call.decision
    assert [step["code"] for step in call.decision["steps"]] == [
        "known_source",
        "room",
        "owner",
        "mode",
    ]


def test_handing_over_twice_changes_nothing(ann: User) -> None:
    facts = recording_facts(ann, Spoken())
    call = call_facts(facts)
    DjangoCatalogue().add_call(call, (facts,))
    before = recordings_in_catalogue().values().get()
    DjangoCatalogue().add_call(call, (facts,))
    assert recordings_in_catalogue().values().get() == before
    assert Call.objects.count() == 1


def test_a_journal_finished_after_all_replaces_its_failure(ann: User) -> None:
    facts = recording_facts(ann, Spoken())
    recorded = call_facts(facts)
    failed = msgspec.structs.replace(
        recorded, verdict=Verdict.FAILED, problem="the store was away", recording_ids=()
    )
    DjangoCatalogue().add_call(failed, ())
    DjangoCatalogue().add_call(recorded, (facts,))
    assert Call.objects.get().verdict == "recorded"
    assert recordings_in_catalogue().count() == 1


def test_nothing_is_listed_when_one_recording_cannot_be(ann: User) -> None:
    good = recording_facts(ann, Spoken())
    broken = msgspec.structs.replace(recording_facts(ann, Spoken()), audio_format=None)
    with pytest.raises(Exception, match="audio_format"):
        DjangoCatalogue().add_call(call_facts(good, broken), (good, broken))
    assert not Call.objects.exists()
    assert not recordings_in_catalogue().exists()


def test_a_name_that_no_database_takes_does_not_fail_the_call(ann: User) -> None:
    remote = Party("+15550142", "Bj\x00rn \udcf6")
    facts = recording_facts(ann, Spoken(remote, timeline=(TimelineItem(0, "digit", detail="\0"),)))
    call = call_facts(facts, caller="sip:\x00@192.0.2.14")
    DjangoCatalogue().add_call(call, (facts,))
    row = recordings_in_catalogue().get()
    assert row.remote_name == "Bj\ufffdrn \ufffd"
    assert row.timeline[0]["detail"] == "\ufffd"
    assert Call.objects.get().caller == "sip:\ufffd@192.0.2.14"


def test_a_strangers_words_are_kept_without_what_no_database_takes() -> None:
    DjangoCatalogue().add_attempt(attempt(user_agent="scan\x00ner \udc80"), node="rec-1")
    assert Attempt.objects.get().user_agent == "scan\ufffdner \ufffd"


def test_an_owner_deleted_meanwhile_keeps_name_and_group(ann: User) -> None:
    facts = recording_facts(ann, Spoken())
    ann.delete()
    DjangoCatalogue().add_call(call_facts(facts), (facts,))
    row = recordings_in_catalogue().get()
    assert row.owner is None
    assert row.owner_name == "Ann Keller"


def test_record_numbers_go_on(ann: User) -> None:
    first, second = recording_facts(ann, Spoken()), recording_facts(ann, Spoken())
    DjangoCatalogue().add_call(call_facts(first, second), (first, second))
    numbers = sorted(recordings_in_catalogue().values_list("record_number", flat=True))
    assert numbers[1] == numbers[0] + 1


def test_attempts_of_one_source_are_counted_together() -> None:
    later = datetime(2026, 11, 23, 15, tzinfo=UTC)
    DjangoCatalogue().add_attempt(attempt(3), node="rec-1")
    DjangoCatalogue().add_attempt(attempt(4, at=later, user_agent="scanner"), node="rec-2")
    row = Attempt.objects.get()
    assert (row.count, row.first_seen_at, row.last_seen_at) == (7, STARTED, later)
    assert row.user_agent == "scanner"


def test_an_attempt_reported_twice_counts_once() -> None:
    report = attempt(3)
    for _ in range(2):
        DjangoCatalogue().add_attempt(report, node="rec-1")
    assert Attempt.objects.get().count == 3


def test_node_events_are_kept_once() -> None:
    event = entries.NodeEvent(ns_from_utc(STARTED), uuid4(), "started", "info", {"port": "5060"})
    for _ in range(2):
        DjangoCatalogue().add_node_event(event, node="rec-1")
    row = NodeEvent.objects.get()
    assert (row.node, row.kind, row.values) == ("rec-1", "started", {"port": "5060"})


def test_how_far_a_journal_was_read_is_remembered() -> None:
    journal_id = uuid4()
    DjangoCatalogue().mark_read(journal_id, 12)
    DjangoCatalogue().mark_read(journal_id, 40)
    assert DjangoCatalogue().read_until(journal_id) == 40


def test_a_call_that_is_listed_is_not_taken_back_by_a_later_failure(ann: User) -> None:
    facts = recording_facts(ann, Spoken())
    call = call_facts(facts)
    catalogue = DjangoCatalogue()
    failed = msgspec.structs.replace(call, verdict=Verdict.FAILED, problem="no space left")
    for one, recordings in ((failed, ()), (call, (facts,)), (failed, ())):
        catalogue.add_call(one, recordings)
    row = Call.objects.get(event_id=call.event_id)
    assert (row.verdict, row.problem) == ("recorded", "")
