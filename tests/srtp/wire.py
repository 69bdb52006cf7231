"""Packets as another implementation protects them: libsrtp, for the suites that it has here."""

from pylibsrtp import Policy, Session

from callvault.srtp import SUITES, Context, MasterKey

PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
}
SSRC = 0x0A0B0C0D
REPORT = bytes.fromhex("80c90001") + SSRC.to_bytes(4)


def secret_of(suite: str, seed: int = 1) -> bytes:
    return bytes((seed + 7 * n) % 256 for n in range(SUITES[suite].master_bytes))


def context_of(suite: str, seed: int = 1, mki: bytes = b"") -> Context:
    return Context(suite, (MasterKey(secret_of(suite, seed), mki),))


def libsrtp_sender(suite: str, seed: int = 1) -> Session:
    kind = Policy.SSRC_ANY_OUTBOUND
    return Session(Policy(key=secret_of(suite, seed), ssrc_type=kind, srtp_profile=PROFILES[suite]))


def libsrtp_receiver(suite: str, seed: int = 1) -> Session:
    kind = Policy.SSRC_ANY_INBOUND
    return Session(Policy(key=secret_of(suite, seed), ssrc_type=kind, srtp_profile=PROFILES[suite]))


def rtp(sequence_number: int, payload: bytes = b"\xd5" * 160, ssrc: int = SSRC) -> bytes:
    head = b"\x80\x08" + (sequence_number & 0xFFFF).to_bytes(2)
    return head + (160 * sequence_number & 0xFFFFFFFF).to_bytes(4) + ssrc.to_bytes(4) + payload
