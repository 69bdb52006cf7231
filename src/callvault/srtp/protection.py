"""Opens and seals single packets under one master key, at a packet index that the caller knows.

AES in counter mode with HMAC-SHA1 (RFC 3711, RFC 6188) and AES-GCM (RFC 7714). The key derivation
rate is zero, as nothing else is negotiated. Which index a packet has is `receiver`'s question.
"""

import hmac
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from callvault.srtp.suites import Suite

RTCP_HEADER_BYTES = 8
INDEX_BYTES = 4
_AUTHENTICATION_KEY_BYTES = 20
_IS_ENCRYPTED = 1 << 31
# Labels of the key derivation (RFC 3711, section 4.3): cipher key, authentication key, salt.
_RTP_LABELS = (0, 1, 2)
_RTCP_LABELS = (3, 4, 5)


class _Transform(Protocol):
    """Encrypts and authenticates; `number` is SSRC and index, placed as both IVs want them."""

    def open(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        """Return the plain body; None if it does not authenticate."""

    def seal(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes:
        """Return the sealed body, its tag last."""

    def open_clear(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        """Return a body that is authenticated only."""


class _CounterMode:
    """AES in counter mode and HMAC-SHA1 (RFC 3711, sections 4.1.1 and 4.2.1)."""

    def __init__(self, keys: tuple[bytes, bytes, bytes], tag_bytes: int) -> None:
        cipher_key, authentication_key, salt = keys
        self._cipher = Cipher(AES(cipher_key), CTR(bytes(16))).encryptor()
        self._mac = hmac.new(authentication_key, digestmod="sha1")
        self._salt = int.from_bytes(salt)
        self._tag_bytes = tag_bytes

    def open(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        sealed = self.open_clear(head, body, number, suffix)
        return None if sealed is None else self._crypt(sealed, number)

    def seal(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes:
        sealed = self._crypt(body, number)
        return sealed + self._tag(head, sealed, suffix)

    def open_clear(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        sealed, tag = body[: -self._tag_bytes], body[-self._tag_bytes :]
        return sealed if hmac.compare_digest(tag, self._tag(head, sealed, suffix)) else None

    def _crypt(self, body: bytes, number: int) -> bytes:
        self._cipher.reset_nonce(((self._salt ^ number) << 16).to_bytes(16))
        return self._cipher.update(body)

    def _tag(self, head: bytes, body: bytes, suffix: bytes) -> bytes:
        mac = self._mac.copy()
        mac.update(head + body + suffix)
        return mac.digest()[: self._tag_bytes]


class _Aead:
    """AES-GCM (RFC 7714, sections 8 and 9)."""

    def __init__(self, keys: tuple[bytes, bytes, bytes]) -> None:
        cipher_key, _, salt = keys
        self._gcm = AESGCM(cipher_key)
        self._salt = int.from_bytes(salt)

    def open(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        try:
            return self._gcm.decrypt(self._nonce(number), body, head + suffix)
        except InvalidTag:
            return None

    def seal(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes:
        return self._gcm.encrypt(self._nonce(number), body, head + suffix)

    def open_clear(self, head: bytes, body: bytes, number: int, suffix: bytes) -> bytes | None:
        plain, tag = body[:-16], body[-16:]
        return plain if self.open(head + plain, tag, number, suffix) is not None else None

    def _nonce(self, number: int) -> bytes:
        return (self._salt ^ number).to_bytes(12)


class Protection:
    """One master key at work."""

    def __init__(self, suite: Suite, secret: bytes) -> None:
        """`secret` is master key and salt joined, `suite.master_bytes` long."""
        key, salt = secret[: suite.key_bytes], secret[suite.key_bytes :]
        rtp, rtcp = ([_derive(suite, key, salt, one) for one in labels] for labels in _LABELS)
        self._is_aead = suite.is_aead
        self._rtp: _Transform = _transform(suite, rtp, suite.tag_bytes)
        self._rtcp: _Transform = _transform(suite, rtcp, suite.rtcp_tag_bytes)
        self._tag_bytes, self._rtcp_tag_bytes = suite.tag_bytes, suite.rtcp_tag_bytes

    def open_rtp(self, packet: bytes, header_bytes: int, index: int) -> bytes | None:
        """Return the plain packet; None if it is not authentic at this 48-bit index."""
        if len(packet) < header_bytes + self._tag_bytes:
            return None
        head, number = packet[:header_bytes], _ssrc(packet, 8) << 48 | index
        suffix = b"" if self._is_aead else (index >> 16).to_bytes(4)
        body = self._rtp.open(head, packet[header_bytes:], number, suffix)
        return None if body is None else head + body

    def seal_rtp(self, packet: bytes, header_bytes: int, index: int) -> bytes:
        """Return the protected packet."""
        head, number = packet[:header_bytes], _ssrc(packet, 8) << 48 | index
        suffix = b"" if self._is_aead else (index >> 16).to_bytes(4)
        return head + self._rtp.seal(head, packet[header_bytes:], number, suffix)

    def open_rtcp(self, packet: bytes) -> bytes | None:
        """Return the plain compound packet; its index is in it (RFC 3711, section 3.4)."""
        if len(packet) < RTCP_HEADER_BYTES + INDEX_BYTES + self._rtcp_tag_bytes:
            return None
        head = packet[:RTCP_HEADER_BYTES]
        # The index stands before the tag, and in AES-GCM behind it (RFC 7714, section 9.2).
        end = len(packet) - (0 if self._is_aead else self._rtcp_tag_bytes)
        word = packet[end - INDEX_BYTES : end]
        body = packet[RTCP_HEADER_BYTES : end - INDEX_BYTES] + packet[end:]
        number = _ssrc(packet, 4) << 48 | int.from_bytes(word) & ~_IS_ENCRYPTED
        is_encrypted = int.from_bytes(word) & _IS_ENCRYPTED
        open_body = self._rtcp.open if is_encrypted else self._rtcp.open_clear
        plain = open_body(head, body, number, word)
        return None if plain is None else head + plain

    def seal_rtcp(self, packet: bytes, index: int) -> bytes:
        """Return the protected compound packet, encrypted, at a 31-bit index."""
        head, word = packet[:RTCP_HEADER_BYTES], (index | _IS_ENCRYPTED).to_bytes(4)
        number = _ssrc(packet, 4) << 48 | index
        body = self._rtcp.seal(head, packet[RTCP_HEADER_BYTES:], number, word)
        end = len(body) if self._is_aead else len(body) - self._rtcp_tag_bytes
        return head + body[:end] + word + body[end:]


_LABELS = (_RTP_LABELS, _RTCP_LABELS)


def _transform(suite: Suite, keys: list[bytes], tag_bytes: int) -> _Transform:
    triple = (keys[0], keys[1], keys[2])
    return _Aead(triple) if suite.is_aead else _CounterMode(triple, tag_bytes)


def _derive(suite: Suite, key: bytes, salt: bytes, label: int) -> bytes:
    """Return a session key (RFC 3711, section 4.3.3; a short salt as in RFC 7714, section 11)."""
    size = (suite.key_bytes, _AUTHENTICATION_KEY_BYTES, suite.salt_bytes)[label % 3]
    start = (int.from_bytes(salt.ljust(14, b"\0")) ^ label << 48) << 16
    return Cipher(AES(key), CTR(start.to_bytes(16))).encryptor().update(bytes(size))


def _ssrc(packet: bytes, offset: int) -> int:
    return int.from_bytes(packet[offset : offset + 4])
