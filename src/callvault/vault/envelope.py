"""Envelopes: a 32-byte key, sealed to one or more certificates (docs/formats/envelope.md).

An envelope is CMS AuthEnvelopedData in DER, so that `openssl cms -decrypt` opens it without us.
Sealing needs certificates only; opening needs one of their private keys. The recipients'
certificates travel in the envelope, so that whoever cannot open it learns which key is missing.
"""

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from callvault.errors import KeyUnavailable, SealBroken, VaultError
from callvault.vault import cms, recipient
from callvault.vault.certificates import Certificate, CertificateInfo, PrivateKey, load_certificate

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
MAX_ENVELOPE_BYTES = 65_536
MAX_RECIPIENTS = 16


class PrivateKeys(Protocol):
    """Where private keys are looked up: a `Keyring`, usually."""

    def private_keys(self, issuer: bytes, serial_number: int) -> Sequence[PrivateKey]:
        """Return the private keys of certificates of that name: one, or none."""


def seal_key(key: bytes, certificates: Sequence[Certificate]) -> bytes:
    """Seal a 32-byte key so that each certificate's private key opens it; DER.

    Raises VaultError when there is no certificate, or more than 16.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key of {len(key)} bytes, allowed: {KEY_BYTES}")
    if not 1 <= len(certificates) <= MAX_RECIPIENTS:
        raise VaultError(f"{len(certificates)} certificates to seal to, allowed: 1 to 16")
    content_key = os.urandom(recipient.WRAPPING_KEY_BYTES)
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(content_key).encrypt(nonce, key, None)
    enveloped = cms.AuthEnvelopedData(
        version=0,
        originator=_originator(tuple(certificates)),
        recipients=cms.SetOf([recipient.wrap(content_key, one) for one in certificates]),
        content=_content_info(nonce, sealed[:-TAG_BYTES]),
        mac=sealed[-TAG_BYTES:],
    )
    return _encode(enveloped)


def open_key(envelope: bytes, keyring: PrivateKeys, *, object_id: str = "envelope") -> bytes:
    """Return the 32-byte key. `object_id` names the envelope in errors.

    Raises KeyUnavailable, with the certificates that would open it, when no private key is here;
    SealBroken when the envelope is not as it was sealed.
    """
    enveloped = _decode(envelope, object_id)
    content_key = _content_key(enveloped, keyring, object_id)
    content = enveloped.content
    try:
        return AESGCM(content_key).decrypt(
            content.algorithm.parameters.nonce, content.encrypted_content + enveloped.mac, None
        )
    except (InvalidTag, ValueError) as error:
        raise SealBroken("the sealed key was changed", object_id=object_id) from error


def recipients(envelope: bytes, *, object_id: str = "envelope") -> tuple[CertificateInfo, ...]:
    """Return which certificates open the envelope, as it says itself.

    No private key is needed and none vouches for the answer: it is for people, not for decisions.
    """
    return _certificates(_decode(envelope, object_id))


@lru_cache(8)
def _originator(certificates: tuple[Certificate, ...]) -> cms.OriginatorInfo:
    """Return what says which certificates open an envelope: the same for call after call."""
    carried = [cms.tlv(one.to_der()) for one in certificates]
    return cms.OriginatorInfo(certificates=cms.SetOf(carried))


def _content_info(nonce: bytes, encrypted: bytes) -> cms.EncryptedContentInfo:
    parameters = cms.GcmParameters(nonce=nonce, tag_bytes=TAG_BYTES)
    return cms.EncryptedContentInfo(
        content_type=cms.ID_DATA,
        algorithm=cms.GcmAlgorithm(algorithm=cms.ID_AES256_GCM, parameters=parameters),
        encrypted_content=encrypted,
    )


def _certificates(enveloped: cms.AuthEnvelopedData) -> tuple[CertificateInfo, ...]:
    """Describe the certificates that travel along and belong to a recipient."""
    wanted = {recipient.certificate_name(info) for info in enveloped.recipients.as_list()}
    found = []
    for carried in enveloped.originator.certificates.as_list():
        try:
            certificate = load_certificate(cms.encode(carried))
        except VaultError:
            continue  # changed: nothing vouches for what travels along
        if (certificate.issuer, certificate.serial_number) in wanted:
            found.append(certificate.info)
    return tuple(found)


def _encode(enveloped: cms.AuthEnvelopedData) -> bytes:
    content_info = cms.ContentInfo(content_type=cms.ID_AUTH_ENVELOPED_DATA, content=enveloped)
    envelope = cms.encode(content_info)
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise VaultError(f"the certificates make an envelope of {len(envelope)} bytes, too many")
    return envelope


def _decode(envelope: bytes, object_id: str) -> cms.AuthEnvelopedData:
    if len(envelope) > MAX_ENVELOPE_BYTES:
        raise SealBroken(f"an envelope of {len(envelope)} bytes is too long", object_id=object_id)
    try:
        content_info = cms.decode_content_info(envelope)
    except ValueError as error:
        raise SealBroken("this is not an envelope of format 1", object_id=object_id) from error
    enveloped = content_info.content
    known = (
        content_info.content_type == cms.ID_AUTH_ENVELOPED_DATA
        and enveloped.content.algorithm.algorithm == cms.ID_AES256_GCM
        and len(enveloped.content.algorithm.parameters.nonce) == NONCE_BYTES
        and len(enveloped.content.encrypted_content) == KEY_BYTES
        and len(enveloped.mac) == TAG_BYTES
        and 1 <= len(enveloped.recipients.as_list()) <= MAX_RECIPIENTS
        and all(recipient.is_as_we_write_it(info) for info in enveloped.recipients.as_list())
    )
    if not known:
        raise SealBroken("this is not an envelope of format 1", object_id=object_id)
    return enveloped


def _content_key(enveloped: cms.AuthEnvelopedData, keyring: PrivateKeys, object_id: str) -> bytes:
    """Unwrap with the first private key that fits. Raises KeyUnavailable or SealBroken."""
    had_a_key = False
    for info in enveloped.recipients.as_list():
        for private_key in keyring.private_keys(*recipient.certificate_name(info)):
            had_a_key = True
            content_key = recipient.unwrap(info, private_key)
            if content_key is not None and len(content_key) == recipient.WRAPPING_KEY_BYTES:
                return content_key
    if had_a_key:
        raise SealBroken("the wrapped key was changed", object_id=object_id)
    missing = _certificates(enveloped)
    listed = " or ".join(str(info) for info in missing) or "certificates it does not carry"
    raise KeyUnavailable(f"no private key here of {listed}", certificates=missing)
