"""Reports of strangers: bounded in number, memory and text."""

from hypothesis import given
from hypothesis import strategies as st

from callvault.sip import Flow, StrangerHeard
from callvault.sip.strangers import MAX_ADDRESSES, MAX_REPORTS, StrangerLog
from tests.sip.harness import SERVER, raw_request


def flow(address: str = "203.0.113.9") -> Flow:
    return Flow("udp", SERVER, (address, 5060))


def test_what_is_not_sip_is_reported_without_words() -> None:
    assert StrangerLog().hear(b"GET / HTTP", flow(), 5.0) == StrangerHeard(
        flow(), "GET", "/", "", 1
    )
    assert StrangerLog().hear(b"\x16\x03\x01", flow(), 5.0) == StrangerHeard(flow(), "", "", "", 1)


def test_words_of_strangers_are_cut() -> None:
    heard = StrangerLog().hear(raw_request("M" * 99, uri="sip:" + "u" * 999), flow(), 5.0)
    assert heard is not None
    assert (len(heard.method), len(heard.request_uri)) == (32, 256)


def test_invented_sources_bring_few_reports_and_little_memory() -> None:
    log = StrangerLog()
    addresses = [f"203.0.{n // 256}.{n % 256}" for n in range(3 * MAX_ADDRESSES)]
    reports = [log.hear(b"x", flow(address), 5.0) for address in addresses]
    assert sum(report is not None for report in reports) == MAX_REPORTS
    assert len(log._heard) == MAX_ADDRESSES
    assert log.hear(b"x", flow("198.51.100.1"), 65.1) is not None


@given(st.binary(max_size=200))
def test_no_bytes_of_a_stranger_upset_us(data: bytes) -> None:
    heard = StrangerLog().hear(data, flow(), 5.0)
    assert heard is not None
    assert heard.count == 1
