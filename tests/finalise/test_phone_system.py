"""What the phone system said, from the journal to the facts of a recording."""

from pathlib import Path
from uuid import uuid4

import msgspec

from callvault.finalise.catalogue import PhoneSystemDetail
from callvault.finalise.journal import finalise_journal
from callvault.finalise.phone_system import MAX_VALUE, phone_system_details
from callvault.finalise.survey import MAX_METADATA, survey
from callvault.policy.decision import Party, Presence
from callvault.siprec import read_body
from callvault.spool import journal_path
from callvault.spool.entries import MetadataSeen
from tests.audio.wire import START_NS
from tests.finalise.bench import Node, RecordedCall, assignment

CORPUS = Path(__file__).parents[1] / "corpus" / "siprec" / "messages"
LATER = b"<recording><session id='c'><queue>Sales</queue></session></recording>"


def oracle() -> tuple[bytes, bytes]:
    """Return the INVITE of the corpus, and its metadata."""
    message = (CORPUS / "oracle_early_invite.2.sip").read_bytes()
    body = read_body(
        "multipart/mixed;boundary=unique-boundary-1", message.partition(b"\r\n\r\n")[2]
    )
    assert body.metadata is not None
    return message, body.metadata.content


def test_times_of_the_device_and_values_of_the_vendor_are_told_in_order() -> None:
    _, metadata = oracle()
    assert phone_system_details([metadata, LATER], b"", zone_name="Europe/Rome") == (
        PhoneSystemDetail("", "start-time", "2026-03-12T09:25:29.000Z", is_time=True),
        PhoneSystemDetail("+15550142999", "joined", "2026-03-12T09:25:29.000Z", is_time=True),
        PhoneSystemDetail("2001", "joined", "2026-03-12T09:25:41.000Z", is_time=True),
        PhoneSystemDetail("", "ucid", "00FA0800012CAB553FA9ED;encoding=hex"),
        PhoneSystemDetail("", "callerOrig", "true"),
        PhoneSystemDetail("+15550142999", "callingParty", "true"),
        PhoneSystemDetail("+15550142999", "realm", "access"),
        PhoneSystemDetail("2001", "callingParty", "false"),
        PhoneSystemDetail("2001", "in-realm", "core"),
        PhoneSystemDetail("", "queue", "Sales"),
    )


def test_headers_of_the_invite_that_tell_of_the_call_are_told() -> None:
    message = (CORPUS / "webex_incoming.sip").read_bytes()
    told = phone_system_details([], message, zone_name="UTC")
    assert [one.name for one in told] == ["X-BroadWorks-Correlation-Info", "Session-ID"]


def test_a_zone_that_is_not_known_counts_as_none_and_damage_as_nothing() -> None:
    _, metadata = oracle()
    told = phone_system_details([b"<<<", metadata], b"no message", zone_name="../etc")
    assert told[0].value == "2026-03-12T10:25:29.000Z"


def test_a_value_is_cut_and_readable() -> None:
    long = b"<recording><session id='c'><note>%s</note></session></recording>" % (b"x" * 900)
    (told,) = phone_system_details([long], b"", zone_name="UTC")
    assert told.value == "x" * MAX_VALUE


def test_of_many_documents_the_first_and_the_last_are_kept() -> None:
    seen = [MetadataSeen(n, "application/rs-metadata", b"%d" % n) for n in range(100)]
    kept = [int(one) for one in survey(seen).metadata]
    assert len(kept) == MAX_METADATA
    assert (kept[:3], kept[-2:]) == ([0, 1, 2], [98, 99])


def test_a_recording_carries_what_was_said(node: Node) -> None:
    _, metadata = oracle()
    journal_id = uuid4()
    journal = node.journal(journal_id)
    journal.append(MetadataSeen(START_NS - 1, "application/rs-metadata", metadata))
    RecordedCall({0: [], 1: []}, (assignment(),), 1).write(journal)
    finished = finalise_journal(journal_path(node.spool, journal_id), node.bench())
    (recording,) = finished.recordings
    assert recording.phone_system[0] == PhoneSystemDetail(
        "", "start-time", "2026-03-12T10:25:29.000Z", is_time=True
    )
    assert msgspec.json.decode(msgspec.json.encode(recording))["phone_system"][3]["name"] == "ucid"


TWO_CALLS = b"""<recording xmlns="urn:ietf:params:xml:ns:recording:1">
<datamode>complete</datamode>
<session session_id="A"><start-time>2026-11-27T10:00:00Z</start-time></session>
<session session_id="B"><start-time>2026-11-27T10:01:00Z</start-time><note>of B</note></session>
<participant participant_id="a"><nameID aor="sip:2014@pbx.example"/></participant>
<participant participant_id="r"><nameID aor="sip:5550142@pbx.example"/></participant>
<participant participant_id="b"><nameID aor="sip:2015@pbx.example"/></participant>
<participant participant_id="q"><nameID aor="sip:5550199@pbx.example"/><vip>yes</vip></participant>
%s</recording>""" % b"".join(
    b'<participantsessionassoc participant_id="%s" session_id="%s"><associate-time>'
    b"2026-11-27T10:00:00Z</associate-time></participantsessionassoc>" % pair
    for pair in ((b"a", b"A"), (b"r", b"A"), (b"b", b"B"), (b"q", b"B"))
)


def told_to(node: Node, user: str, session_key: str) -> list[tuple[str, str, str]]:
    party = Party(user, aor=f"sip:{user}@pbx.example")
    own = assignment(
        local=party,
        communication_session_id=session_key,
        people=(Presence(party, is_owner=True),),
    )
    seen = MetadataSeen(START_NS, "application/rs-metadata+xml", TWO_CALLS)
    call = RecordedCall({0: (), 1: ()}, (own,), 1.0, events=(seen,))  # type: ignore[arg-type]
    journal_id = uuid4()
    call.write(node.journal(journal_id))
    (facts,) = finalise_journal(journal_path(node.spool, journal_id), node.bench()).recordings
    return [(one.about, one.name, one.value[11:16]) for one in facts.phone_system]


def test_of_two_calls_in_one_session_each_owner_is_told_of_their_own(node: Node) -> None:
    assert told_to(node, "2014", "") == [
        ("", "start-time", "10:00"),
        ("2014", "joined", "10:00"),
        ("5550142", "joined", "10:00"),
    ]
    assert told_to(node, "2015", "B") == [
        ("", "start-time", "10:01"),
        ("2015", "joined", "10:00"),
        ("5550199", "joined", "10:00"),
        ("", "note", ""),
        ("5550199", "vip", ""),
    ]
    assert told_to(node, "2016", "C") == []
