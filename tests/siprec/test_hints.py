"""What each vendor says of owner and direction."""

from callvault.siprec import Hints, MetadataState, OwnerHint, hints_of, read_metadata

TWO = (
    "<session session_id='c'/>"
    "<participant participant_id='p1'><nameID aor='sip:1001@h'/></participant>"
    "<participant participant_id='p2'><nameID aor='sip:+15550142999@h'/></participant>"
)


def hinted(inside: str, *, people: str = TWO) -> Hints:
    document = read_metadata(f"<recording>{people}{inside}</recording>".encode())
    return hints_of(document).get("c", Hints())


def test_standard_metadata_says_nothing_and_nothing_is_made_up() -> None:
    assert hinted("") == Hints()
    assert hinted("<x:colour xmlns:x='u'>blue</x:colour>") == Hints()


def test_broadworks_names_its_user_and_the_first_participant_is_theirs() -> None:
    data = (
        "<extensiondata parent='c'><broadWorksRecordingMetadata><userID>ann@tenant.example</userID>"
        "<callType><termCall><callingPartyNumber>sip:+15550142999@h</callingPartyNumber>"
        "<calledPartyNumber>sip:1001@h</calledPartyNumber></termCall></callType>"
        "</broadWorksRecordingMetadata></extensiondata>"
    )
    owner = OwnerHint("userID", ("ann@tenant.example",), "p1", "in", "from")
    found = hinted(data)
    assert found == Hints((owner,), "", "sip:+15550142999@h", "sip:1001@h")
    outgoing = hinted(data.replace("termCall", "origCall"))
    assert outgoing.owners[0].direction == "out"
    completed = found.with_envelope(sender="5550142001", name="Ann", dialled="srs")
    assert completed.owners == (
        OwnerHint(
            "userID",
            ("ann@tenant.example", "5550142001"),
            "p1",
            "in",
            "from",
            number="5550142001",
            name="Ann",
        ),
    )


def test_metaswitch_names_the_recorded_party_by_number() -> None:
    found = hinted(
        "<extensiondata><metaswitchRecordingMetadata><callType>terminating</callType>"
        "<recordedParty>1001</recordedParty><callingPartyNumber>5550142999</callingPartyNumber>"
        "</metaswitchRecordingMetadata></extensiondata>"
    )
    owner = OwnerHint("recordedParty", ("1001",), "p1", "in", "request_uri")
    assert found == Hints((owner,), calling="5550142999")
    named = found.with_envelope(sender="x", name="X", dialled="+15550142001")
    assert named.owners[0].addresses == ("1001", "+15550142001")


def test_netsapiens_names_up_to_two_users_each_with_a_direction() -> None:
    found = hinted(
        "<netsapiensExtension><user userID='1001@h'><callType>origCall</callType></user>"
        "<user userID='+15550142999@h'><callType>termCall</callType></user>"
        "<callingParty participant_id='p1'><number>5550142001</number></callingParty>"
        "<calledParty participant_id='p2'><number>5550142999</number></calledParty>"
        "</netsapiensExtension>"
    )
    assert found == Hints(
        (
            OwnerHint("user", ("1001@h",), "p1", "out"),
            OwnerHint("user", ("+15550142999@h",), "p2", "in"),
        ),
        "p1",
        "5550142001",
        "5550142999",
    )


def test_oracle_marks_who_called() -> None:
    marked = TWO.replace(
        "<nameID aor='sip:+1",
        "<extensiondata><callingParty> TRUE </callingParty></extensiondata><nameID aor='sip:+1",
    )
    assert hinted("", people=marked) == Hints(caller_id="p2")


def test_genesys_names_agent_and_lines_inside_a_request_uri() -> None:
    uri = "&lt;sip:record@192.0.2.9;agentid=a77;dn=1001;otherdn=1009&gt;"
    said = TWO.replace(
        "</participant>", f"<request-uri>{uri}</request-uri></participant>", 1
    ).replace("+15550142999", "1009")
    assert hinted("", people=said) == Hints(
        (OwnerHint("agentid", ("a77", "1001"), "p1"), OwnerHint("otherdn", ("1009",), "p2"))
    )


def test_ribbon_says_from_and_to_of_the_call() -> None:
    said = "<fromhdr>&lt;sip:1001@h&gt;;tag=1</fromhdr><tohdr>&lt;sip:+15550142999@h&gt;</tohdr>"
    found = hinted(f"<group group_id='g'><callData>{said}</callData></group>")
    assert found == Hints(calling="<sip:1001@h>;tag=1", called="<sip:+15550142999@h>")


def test_hints_outlive_a_document_that_does_not_repeat_them() -> None:
    state = MetadataState()
    said = "<netsapiensExtension><user userID='1001@h'/></netsapiensExtension>"
    state.apply(read_metadata(f"<recording>{TWO}{said}</recording>".encode()))
    before = dict(state.hints)
    state.apply(read_metadata(f"<recording>{TWO}</recording>".encode()))
    assert before.keys() == {"c"}
    assert state.hints == before
