"""Single packets against the RFCs' own vectors and against libsrtp."""

import pytest
from pylibsrtp import Error

from callvault.srtp import SUITES, Protection
from callvault.srtp.protection import _derive
from tests.srtp.wire import PROFILES, REPORT, libsrtp_receiver, libsrtp_sender, rtp, secret_of

EXTENDED = bytes.fromhex("91080007000000010a0b0c0d00000099bede000111223344") + b"\x55" * 80


@pytest.mark.parametrize(
    ("suite", "key", "salt", "expected"),
    [
        (  # RFC 3711, appendix B.3
            "AES_CM_128_HMAC_SHA1_80",
            "e1f97a0d3e018be0d64fa32c06de4139",
            "0ec675ad498afeebb6960b3aabe6",
            ["c61e7a93744f39ee10734afe3ff7a087", "30cbbc08863d8c85d49db34a9ae1"],
        ),
        (  # RFC 6188, section 7.2
            "AES_256_CM_HMAC_SHA1_80",
            "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6",
            "3b04803de51ee7c96423ab5b78d2",
            [
                "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4",
                "fa31791685ca444a9e07c6c64e93",
            ],
        ),
    ],
)
def test_session_keys_are_those_of_the_rfcs(
    suite: str, key: str, salt: str, expected: list[str]
) -> None:
    derived = [
        _derive(SUITES[suite], bytes.fromhex(key), bytes.fromhex(salt), label) for label in (0, 2)
    ]
    assert [one.hex() for one in derived] == expected


@pytest.mark.parametrize(
    ("suite", "sealed"),
    [
        # RFC 7714, sections 16.1.1 and 16.2.1, give session keys; these are of master keys, as
        # libsrtp 2 makes them for the packet below.
        (
            "AES_256_CM_HMAC_SHA1_80",
            "f1d9de17ff251ff1aa007774b0b4b40da08d9d9a5b3a55d8873b",
        ),
    ],
)
def test_a_packet_is_sealed_as_libsrtp_does(suite: str, sealed: str) -> None:
    secret = bytes.fromhex(
        "f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6"
        "3b04803de51ee7c96423ab5b78d2"
    )
    packet = bytes.fromhex("800f1234decafbadcafebabe") + b"\xab" * 16
    expected = packet[:12] + bytes.fromhex(sealed)
    assert Protection(SUITES[suite], secret).seal_rtp(packet, 12, 0x1234) == expected


@pytest.mark.parametrize("suite", PROFILES)
@pytest.mark.parametrize("packet", [rtp(7), EXTENDED, rtp(7, b"")])
def test_rtp_is_the_same_both_ways_as_of_libsrtp(suite: str, packet: bytes) -> None:
    ours, header_bytes = Protection(SUITES[suite], secret_of(suite)), 24 if packet[0] & 16 else 12
    sealed = libsrtp_sender(suite).protect(packet)
    assert ours.seal_rtp(packet, header_bytes, 7) == sealed
    assert ours.open_rtp(sealed, header_bytes, 7) == packet
    assert ours.open_rtp(sealed, header_bytes, 7 + (1 << 16)) is None


@pytest.mark.parametrize("suite", PROFILES)
def test_rtcp_is_the_same_both_ways_as_of_libsrtp(suite: str) -> None:
    ours = Protection(SUITES[suite], secret_of(suite))
    packet = REPORT + bytes(range(24))
    assert ours.open_rtcp(libsrtp_sender(suite).protect_rtcp(packet)) == packet
    sealed = ours.seal_rtcp(packet, 0x12345)
    assert libsrtp_receiver(suite).unprotect_rtcp(sealed) == packet
    with pytest.raises(Error):
        libsrtp_receiver(suite, seed=2).unprotect_rtcp(sealed)


@pytest.mark.parametrize("suite", SUITES)
def test_what_was_changed_or_cut_does_not_open(suite: str) -> None:
    ours = Protection(SUITES[suite], secret_of(suite))
    sealed, report = ours.seal_rtp(rtp(7), 12, 7), ours.seal_rtcp(REPORT, 3)
    assert ours.open_rtp(sealed, 12, 7) == rtp(7)
    for place in (1, 12, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert ours.open_rtp(bytes(changed), 12, 7) is None
    assert all(ours.open_rtp(sealed[:size], 12, 7) is None for size in range(12, len(sealed)))
    assert all(ours.open_rtcp(report[:size]) is None for size in range(len(report)))


@pytest.mark.parametrize("suite", SUITES)
def test_rtcp_that_is_authenticated_only_is_read(suite: str) -> None:
    """The E bit is not set (RFC 3711, section 3.4; RFC 7714, section 9.2)."""
    ours = Protection(SUITES[suite], secret_of(suite))
    head, word = REPORT, (3).to_bytes(4)
    number = 0x0A0B0C0D << 48 | 3
    if SUITES[suite].is_aead:
        tag = ours._rtcp.seal(head + b"plain body", b"", number, word)
        packet = head + b"plain body" + tag + word
    else:
        tag = ours._rtcp._tag(head, b"plain body", word)  # type: ignore[attr-defined]
        packet = head + b"plain body" + word + tag
    assert ours.open_rtcp(packet) == head + b"plain body"
