"""Time stamps of an authority (RFC 3161): what is asked, and what its answer proves. No network.

An answer is good if the authority's signature over this very data leads to a certificate that we
were told to trust, and that was valid when it signed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.x509.oid import NameOID
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

MAX_ANSWER_BYTES = 100_000
MAX_AUTHORITIES = 20
_CERTIFICATES = 0xA0  # [0], constructed


class StampRefused(ValueError):
    """An answer is no time stamp of this data by an authority that is trusted; says why."""


@dataclass(frozen=True, slots=True)
class StampRequest:
    """What is sent to an authority."""

    body: bytes  # application/timestamp-query
    nonce: int


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """What an authority says: the data was there at this moment."""

    at: datetime
    authority: str  # as its certificate names it


def stamp_request(data: bytes) -> StampRequest:
    """Return the question for `data`, of which the authority sees the SHA-256 alone."""
    asked = (
        TimestampRequestBuilder()
        .data(data)
        .hash_algorithm(HashAlgorithm.SHA256)
        .cert_request(cert_request=True)
        .build()
    )
    if asked.nonce is None:
        raise ValueError("a question without nonce")
    return StampRequest(asked.as_bytes(), asked.nonce)


def read_stamp(
    answer: bytes,
    data: bytes,
    authorities: Sequence[x509.Certificate],
    *,
    nonce: int | None = None,
) -> TimeStamp:
    """Return what an answer proves of `data`. Raises StampRefused.

    `nonce` is that of the question; None: the answer was checked when it came.
    """
    if not authorities:
        raise StampRefused("no certificate of an authority is trusted")
    read = _parsed(answer)
    builder = VerifierBuilder(roots=list(dict.fromkeys(authorities)), nonce=nonce)
    try:
        builder.build().verify_message(read, data)
        return TimeStamp(read.tst_info.gen_time, _signer_of(read))
    except (VerificationError, ValueError) as error:
        raise StampRefused(_sentence(error)) from error


def _parsed(answer: bytes) -> TimeStampResponse:
    if len(answer) > MAX_ANSWER_BYTES:
        raise StampRefused(f"an answer of {len(answer)} bytes is too long")
    try:
        read = decode_timestamp_response(_with_ordered_certificates(answer))
        status = PKIStatus(read.status)
    except ValueError as error:
        raise StampRefused("this is no answer of a time-stamp authority") from error
    if status is not PKIStatus.GRANTED:
        said = "; ".join(read.status_string) or status.name.lower().replace("_", " ")
        raise StampRefused(f"the authority refused: {said[:200]}")
    return read


def _with_ordered_certificates(answer: bytes) -> bytes:
    """Put the certificates that travel along in the order of DER (X.690, section 11.6).

    OpenSSL's authority writes them as they come, and our reader takes DER alone. The signature is
    over none of them.
    """
    try:
        _tag, at, _end = _element(answer, 0)  # TimeStampResp
        at = _element(answer, at)[2]  # behind its status
        at = _element(answer, at)[1]  # into the token, a ContentInfo
        at = _element(answer, at)[2]  # behind its type
        at = _element(answer, _element(answer, at)[1])[1]  # into SignedData
        for _ in range(3):  # behind version, digest algorithms, content
            at = _element(answer, at)[2]
        tag, start, end = _element(answer, at)
        if tag != _CERTIFICATES:
            return answer
        found, at = [], start
        while at < end:
            after = _element(answer, at)[2]
            found.append(answer[at:after])
            at = after
    except IndexError:
        return answer
    return answer[:start] + b"".join(sorted(found)) + answer[end:]


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return tag, start and end of the content of the element at an offset; it is DER."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    if start + length > len(data):
        raise IndexError(at)
    return tag, start, start + length


def read_authorities(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Return the certificates in a PEM text. Raises ValueError for none, too many, or other things.

    Each of them is trusted: an authority's own, or the root that vouches for it.
    """
    found = tuple(x509.load_pem_x509_certificates(pem))
    if not 0 < len(found) <= MAX_AUTHORITIES:
        raise ValueError(f"{len(found)} certificates, allowed: 1 to {MAX_AUTHORITIES}")
    return found


def _signer_of(read: TimeStampResponse) -> str:
    """Return the name of the certificate that signed; the verifier has matched it already."""
    (signer,) = read.signed_data.signer_infos
    for der in read.signed_data.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) == (signer.issuer, signer.serial_number):
            return _name_in(certificate.subject)
    return ""


def _name_in(subject: x509.Name) -> str:
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()


def _sentence(error: Exception) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text[:1].lower() + text[1:300]
