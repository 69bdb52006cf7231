"""Single packets against the RFCs' own vectors and against libsrtp."""

import pytest
from pylibsrtp import Error

from callvault.srtp import SUITES, Protection, protection
from callvault.srtp.protection import _derive
from tests.srtp.wire import PROFILES, REPORT, libsrtp_receiver, libsrtp_sender, rtp, secret_of

AEAD_SALT = bytes.fromhex("517569642070726f2071756f")  # session salt of RFC 7714, section 16
AEAD_KEYS = {"AEAD_AES_128_GCM": bytes(range(16)), "AEAD_AES_256_GCM": bytes(range(32))}
AEAD_RTP = bytes.fromhex("8040f17b8041f8d35501a0b2") + b"Gallia est omnis divisa in partes tres"
AEAD_RTCP = bytes.fromhex(
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61" + "deadbeef" * 5
)
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


def of_session_keys(suite: str, monkeypatch: pytest.MonkeyPatch) -> Protection:
    """The vectors of RFC 7714 give session keys: nothing is derived."""
    keys = AEAD_KEYS[suite], b"", AEAD_SALT
    monkeypatch.setattr(protection, "_derive", lambda suite, key, salt, label: keys[label % 3])
    return Protection(SUITES[suite], bytes(SUITES[suite].master_bytes))


@pytest.mark.parametrize(
    ("suite", "sealed"),
    [
        (  # section 16.1
            "AEAD_AES_128_GCM",
            "f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833"
            "899d7f27beb16a9152cf765ee4390cce",
        ),
        (  # section 16.2
            "AEAD_AES_256_GCM",
            "32b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b"
            "7aa3db36dfffd6b0f9bb7878d7a76c13",
        ),
    ],
)
def test_rtp_under_aes_gcm_is_that_of_rfc_7714(
    suite: str, sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, packet = of_session_keys(suite, monkeypatch), AEAD_RTP[:12] + bytes.fromhex(sealed)
    assert ours.seal_rtp(AEAD_RTP, 12, 0xF17B) == packet
    assert ours.open_rtp(packet, 12, 0xF17B) == AEAD_RTP


@pytest.mark.parametrize(
    ("suite", "sealed"),
    [
        (  # section 17.1
            "AEAD_AES_128_GCM",
            "63e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded"
            "0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
        ),
        (  # section 17.2
            "AEAD_AES_256_GCM",
            "d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be8415f658c61de047"
            "6f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
        ),
    ],
)
def test_rtcp_under_aes_gcm_is_that_of_rfc_7714(
    suite: str, sealed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, packet = of_session_keys(suite, monkeypatch), AEAD_RTCP[:8] + bytes.fromhex(sealed)
    assert ours.seal_rtcp(AEAD_RTCP, 0x5D4) == packet
    assert ours.open_rtcp(packet) == AEAD_RTCP


def test_rtcp_that_aes_gcm_only_tags_is_that_of_rfc_7714(monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 17.3: the E bit is not set."""
    ours = of_session_keys("AEAD_AES_128_GCM", monkeypatch)
    tag = bytes.fromhex("841dd9683dd78ec92ae58790125f62b3")
    assert ours.open_rtcp(AEAD_RTCP + tag + (0x5D4).to_bytes(4)) == AEAD_RTCP


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
