"""ASN.1 of the envelopes: the part of CMS that Callvault writes and reads, and no more.

Shapes after RFC 5652 (CMS), RFC 5083 and 5084 (AuthEnvelopedData with AES-GCM), RFC 3560
(RSA-OAEP) and RFC 5753 (ECDH). The only module that uses `cryptography.hazmat.asn1`, whose
interface is marked unstable: the version is pinned. No cryptography happens here.
"""

from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1

Oid = x509.ObjectIdentifier
SetOf = asn1.SetOf
BitString = asn1.BitString

ID_DATA = Oid("1.2.840.113549.1.7.1")
ID_AUTH_ENVELOPED_DATA = Oid("1.2.840.113549.1.9.16.1.23")
ID_RSAES_OAEP = Oid("1.2.840.113549.1.1.7")
ID_MGF1 = Oid("1.2.840.113549.1.1.8")
ID_SHA256 = Oid("2.16.840.1.101.3.4.2.1")
ID_AES256_WRAP = Oid("2.16.840.1.101.3.4.1.45")
ID_AES256_GCM = Oid("2.16.840.1.101.3.4.1.46")
ID_EC_PUBLIC_KEY = Oid("1.2.840.10045.2.1")
ID_STD_DH_SHA256_KDF = Oid("1.3.132.1.11.1")


@asn1.sequence
class BareAlgorithm:
    """AlgorithmIdentifier without parameters."""

    algorithm: Oid


@asn1.sequence
class MaskAlgorithm:
    """MGF1 with its hash."""

    algorithm: Oid
    parameters: BareAlgorithm


@asn1.sequence
class OaepParameters:
    """RSAES-OAEP-params (RFC 3560); the label is the empty default."""

    hash: Annotated[BareAlgorithm, asn1.Explicit(0)]
    mask: Annotated[MaskAlgorithm, asn1.Explicit(1)]


@asn1.sequence
class OaepAlgorithm:
    """AlgorithmIdentifier of RSA-OAEP."""

    algorithm: Oid
    parameters: OaepParameters


@asn1.sequence
class KeyAgreementAlgorithm:
    """AlgorithmIdentifier of one-pass ECDH; its parameter is the key wrap (RFC 5753, 7.1.4)."""

    algorithm: Oid
    parameters: BareAlgorithm


@asn1.sequence
class GcmParameters:
    """GCMParameters (RFC 5084, section 3.2)."""

    nonce: bytes
    tag_bytes: int


@asn1.sequence
class GcmAlgorithm:
    """AlgorithmIdentifier of AES-256-GCM."""

    algorithm: Oid
    parameters: GcmParameters


@asn1.sequence
class IssuerAndSerialNumber:
    """How a recipient's certificate is named (RFC 5652, section 10.2.4)."""

    issuer: asn1.TLV
    serial_number: int


@asn1.sequence
class KeyTransRecipientInfo:
    """A key encrypted with RSA (RFC 5652, section 6.2.1)."""

    version: int  # 0: named by issuer and serial number
    recipient: IssuerAndSerialNumber
    algorithm: OaepAlgorithm
    encrypted_key: bytes


@asn1.sequence
class OriginatorPublicKey:
    """The sender's ephemeral EC key, on the curve of the recipient's."""

    algorithm: BareAlgorithm
    public_key: BitString  # uncompressed point


@asn1.sequence
class RecipientEncryptedKey:
    """The wrapped key of one recipient of an agreement."""

    recipient: IssuerAndSerialNumber
    encrypted_key: bytes


@asn1.sequence
class KeyAgreeRecipientInfo:
    """A key wrapped under an agreed one (RFC 5652, section 6.2.2)."""

    version: int  # 3
    originator: Annotated[
        IssuerAndSerialNumber
        | Annotated[bytes, asn1.Implicit(0)]
        | Annotated[OriginatorPublicKey, asn1.Implicit(1)],
        asn1.Explicit(0),
    ]
    algorithm: KeyAgreementAlgorithm
    recipient_encrypted_keys: list[RecipientEncryptedKey]


@asn1.sequence
class EncryptedContentInfo:
    """The sealed content: here the 32 bytes of a key."""

    content_type: Oid
    algorithm: GcmAlgorithm
    encrypted_content: Annotated[bytes, asn1.Implicit(0)]


@asn1.sequence
class OriginatorInfo:
    """Certificates that travel along (RFC 5652, section 6.1): here those of the recipients."""

    # Not as x509.Certificate: one that cannot be read must not keep the key from being opened.
    certificates: Annotated[SetOf[asn1.TLV], asn1.Implicit(0)]


RecipientInfo = KeyTransRecipientInfo | Annotated[KeyAgreeRecipientInfo, asn1.Implicit(1)]


@asn1.sequence
class AuthEnvelopedData:
    """AuthEnvelopedData (RFC 5083, section 2.1) without attributes."""

    version: int  # 0
    originator: Annotated[OriginatorInfo, asn1.Implicit(0)]
    recipients: SetOf[RecipientInfo]
    content: EncryptedContentInfo
    mac: bytes


@asn1.sequence
class ContentInfo:
    """The outermost layer."""

    content_type: Oid
    content: Annotated[AuthEnvelopedData, asn1.Explicit(0)]


@asn1.sequence
class SharedInfo:
    """ECC-CMS-SharedInfo, input to the key derivation (RFC 5753, section 7.2)."""

    key_info: BareAlgorithm
    key_bits: Annotated[bytes, asn1.Explicit(2)]


def encode(value: object) -> bytes:
    """Return the DER form."""
    return asn1.encode_der(value)


def decode_content_info(der: bytes) -> ContentInfo:
    """Read an envelope. Raises ValueError for everything this module does not write."""
    return asn1.decode_der(ContentInfo, der)


def tlv(der: bytes) -> asn1.TLV:
    """Wrap an element that is already DER."""
    return asn1.decode_der(asn1.TLV, der)
