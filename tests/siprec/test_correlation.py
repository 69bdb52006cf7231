"""Ids that join recording sessions into one conversation."""

from callvault.siprec import Correlation, Document, correlation_of, read_metadata
from callvault.siprec.correlation import MAX_IDS, ucid_of

WEBEX = b"""<recording_metadata xmlns='urn:ietf:params:xml:ns:siprec'><dataMode>complete</dataMode>
<group id='g1'/><session id='cs1' group='g1'/>
<extensiondata id='x1' parent='cs1'><broadWorksRecordingMetadata version='4.0'>
<extTrackingID>152001:1</extTrackingID><callID>callhalf-7001:0</callID>
<redirectedCall><newExtTrackingID>152002:1</newExtTrackingID></redirectedCall>
</broadWorksRecordingMetadata></extensiondata></recording_metadata>"""
NETSAPIENS = b"""<recording><group group_id='g7@192.0.2.7'/><session session_id='s7'>
<sipSessionID>c1;remote=c2</sipSessionID></session>
<netsapiensExtension><xferredGroupID>g8</xferredGroupID><xferredSessionID>g8</xferredSessionID>
</netsapiensExtension></recording>"""
ORACLE = b"""<recording><session id='s1'><extensiondata>
<ucid>00FA0800012CAB553FA9ED;encoding=hex</ucid></extensiondata></session>
<participant id='p1' session='s1'><extensiondata>
<request-uri>&lt;sip:record@192.0.2.9;calluuid=007K1;dn=1001;connid=0abc&gt;</request-uri>
</extensiondata></participant></recording>"""


def test_webex_is_known_by_its_tracking_id_and_call_half() -> None:
    assert correlation_of(
        read_metadata(WEBEX), [("X-BroadWorks-Correlation-Info", "152001:1")]
    ) == Correlation(
        group_ids=("g1",),
        session_ids=("cs1",),
        call_ids=("callhalf-7001:0",),
        tracking_ids=("152001:1",),
        redirected_ids=("152002:1",),
    )


def test_netsapiens_names_the_consultation_that_it_goes_on_with() -> None:
    found = correlation_of(read_metadata(NETSAPIENS))
    assert found == Correlation(("g7@192.0.2.7",), ("s7",), ("c1", "c2"), redirected_ids=("g8",))
    consultation = Correlation(group_ids=("g8",))
    assert found.keys() & consultation.keys() == {"group:g8"}


def test_one_ucid_is_the_same_however_it_is_framed() -> None:
    oracle = correlation_of(read_metadata(ORACLE))
    assert oracle.tracking_ids == ("007K1", "0abc", "00012CAB553FA9ED")
    avaya = read_metadata(b"<recording><session session_id='00FA0800012CAB553FA9ED'/></recording>")
    by_header = correlation_of(None, [("User-to-User", "04fa0800012cab553fa9edc8;encoding=hex")])
    assert correlation_of(avaya).tracking_ids == by_header.tracking_ids == ("00012CAB553FA9ED",)
    assert ucid_of("00012cab553fa9ed") == "00012CAB553FA9ED"


def test_a_session_id_of_nothing_but_zeros_is_none() -> None:
    headers = [("Session-ID", "ab30317f1a784dc48ff824d0d3715d86;remote=" + "0" * 32)]
    found = correlation_of(Document(), headers)
    assert found.sip_session_ids == ("ab30317f1a784dc48ff824d0d3715d86",)


def test_ids_that_our_reader_made_up_join_nothing() -> None:
    document = read_metadata(b"<recording><group/><session/></recording>")
    assert correlation_of(document) == Correlation()


def test_headers_of_vendors_that_tell_calls_apart_are_known_by_their_names() -> None:
    headers = [
        ("X-Audc-Call-ID", "a1"),
        ("AC-Session-ID", "e1b2c3:10:7"),
        ("X-Genesys-CallUUID", "007K1"),
        ("Cisco-Guid", "1-2-3-4"),
        ("X-Colour", "blue"),
    ]
    assert correlation_of(None, headers) == Correlation(
        call_ids=("a1", "e1b2c3:10:7"), tracking_ids=("007K1", "1-2-3-4")
    )


def test_other_user_to_user_data_is_no_id() -> None:
    assert correlation_of(None, [("User-to-User", "56a390f3d2b7310023a2")]) == Correlation()


def test_ids_of_a_call_gather_and_are_bounded() -> None:
    first, second = Correlation(group_ids=("a",)), Correlation(group_ids=("b", "a"))
    assert first.joined(second) == Correlation(group_ids=("a", "b"))
    many = Correlation(call_ids=tuple(map(str, range(100))))
    assert len(first.joined(many).call_ids) == MAX_IDS
