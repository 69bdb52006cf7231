"""Which number an INVITE called: what ownership by pilot stands on."""

import msgspec
import pytest

from callvault import sip
from callvault.policy.pilots import Pilots
from callvault.recorder.parties import numbers_called
from tests.policy.cast import SNAPSHOT, person
from tests.recorder.bench import Bench, established
from tests.recorder.bodies import ANN, metadata
from tests.recorder.test_checkpoint import gone_on


def invite(uri: str, to: str, headers: str = "") -> sip.Request:
    text = (
        f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.14:5060;branch=z9hG4bK1\r\n"
        f"From: <sip:2001@192.0.2.14>;tag=a\r\nTo: <{to}>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
        f"{headers}Content-Length: 0\r\n\r\n"
    )
    parsed = sip.parse_message(text.encode())
    assert isinstance(parsed, sip.Request)
    return parsed


@pytest.mark.parametrize(
    ("request_", "called"),
    [
        (invite("sip:84001@192.0.2.200", "sip:84001@192.0.2.200"), ("84001",)),
        (invite("sip:%384001@host", "sip:srs@host"), ("84001", "srs")),
        (invite("sip:192.0.2.200:5060", "sip:84001@host"), ("84001",)),
        (invite("tel:8400-1;phone-context=example.com", "sip:srs@host"), ("8400-1", "srs")),
        (
            invite(
                "sip:srs@host",
                "sip:7200@host",
                "Diversion: <sip:8500@host>;reason=unconditional, <sip:8501@host>\r\n"
                "History-Info: <sip:8600@host>;index=1, <sip:8601@host>;index=2\r\n",
            ),
            ("srs", "7200", "8500", "8600"),
        ),
        (invite("sip:srs@host", "sip:srs@host", "Diversion: ;;<<,\r\n"), ("srs",)),
    ],
)
def test_the_request_then_to_then_who_diverted(
    request_: sip.Request, called: tuple[str, ...]
) -> None:
    assert numbers_called(request_) == called


def test_a_number_of_any_length_is_kept_short() -> None:
    assert [len(one) for one in numbers_called(invite(f"sip:{'8' * 900}@host", "sip:@h"))] == [256]


def test_the_owner_by_pilot_is_the_same_after_a_restart_whatever_the_metadata_say() -> None:
    sharers = tuple(
        person(number, extension="1001", numeric_user_id=str(number)) for number in (21, 22)
    )
    snapshot = msgspec.structs.replace(SNAPSHOT, people=sharers, pilots=Pilots("8400"))
    before = Bench(snapshot=snapshot)
    before.invite(headers="Diversion: <sip:840022@192.0.2.14>;reason=unconditional\r\n")
    before.ack()
    assert before.decision.assignments[0].owner_username == "user22"
    after = gone_on(before)
    after.snapshot = snapshot
    after.update(metadata(ANN, "sip:9999@192.0.2.14"))
    after.bye()
    assert after.decision.assignments[0].owner_username == "user22"


def test_a_shared_extension_is_nobody_s_where_no_pilot_was_dialled() -> None:
    sharers = tuple(
        person(number, extension="1001", numeric_user_id=str(number)) for number in (21, 22)
    )
    bench = established(snapshot=msgspec.structs.replace(SNAPSHOT, people=sharers))
    assert bench.decision.assignments == ()
