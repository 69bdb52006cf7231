"""The rs-metadata that the simulator sends."""

from datetime import UTC, datetime
from uuid import UUID

from lxml import etree

from callvault.simulator.metadata import NAMESPACE, ToldCall, ToldParty, build

NOW = datetime(2026, 11, 23, 14, 25, 30, tzinfo=UTC)
ANN = ToldParty(UUID(int=1), UUID(int=11), "sip:2014@example.com", "Ann Keller", "1")
CARLA = ToldParty(UUID(int=2), UUID(int=12), "sip:+15550142@example.com", "", "2")
CALL = ToldCall(UUID(int=3), UUID(int=4), "ab;remote=cd", NOW, (ANN, CARLA))
NS = {"r": NAMESPACE}


def read(document: bytes) -> etree._Element:
    return etree.fromstring(document)


def texts(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return [str(item) for item in found]


def test_participants_carry_their_address_and_their_name_where_there_is_one() -> None:
    root = read(build(CALL, now=NOW))
    assert texts(root, "//r:participant/r:nameID/@aor") == [ANN.aor, CARLA.aor]
    assert texts(root, "//r:participant/r:nameID/r:name/text()") == ["Ann Keller"]


def test_each_stream_has_the_label_of_its_m_line() -> None:
    assert texts(read(build(CALL, now=NOW)), "//r:stream/r:label/text()") == ["1", "2"]


def test_each_party_sends_its_stream_and_hears_the_other() -> None:
    root = read(build(CALL, now=NOW))
    sent = texts(root, "//r:participantstreamassoc/r:send/text()")
    heard = texts(root, "//r:participantstreamassoc/r:recv/text()")
    assert sent == texts(root, "//r:stream/@stream_id")
    assert heard == list(reversed(sent))


def test_on_hold_nobody_sends() -> None:
    root = read(build(CALL, now=NOW, held=True))
    assert len(texts(root, "//r:participantstreamassoc/@participant_id")) == 2
    assert not texts(root, "//r:participantstreamassoc/r:send/text()")


def test_names_are_escaped() -> None:
    odd = ToldParty(UUID(int=1), UUID(int=11), "sip:2014@example.com", 'O"Hara & <Sons>', "1")
    call = ToldCall(UUID(int=3), UUID(int=4), "", NOW, (odd, CARLA))
    assert texts(read(build(call, now=NOW)), "//r:name/text()") == ['O"Hara & <Sons>']


def test_elements_come_in_the_order_of_the_schema() -> None:
    names = [etree.QName(child).localname for child in read(build(CALL, now=NOW))]
    assert names == [
        "datamode", "group", "session", "participant", "participant", "stream", "stream",
        "sessionrecordingassoc", "participantsessionassoc", "participantsessionassoc",
        "participantstreamassoc", "participantstreamassoc",
    ]  # fmt: skip
