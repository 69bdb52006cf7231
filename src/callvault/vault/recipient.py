"""One recipient of an envelope: a content key wrapped for one certificate, RSA or EC.

RSA by OAEP with SHA-256 (RFC 3560); EC by one-pass ephemeral-static ECDH, X9.63 key derivation
with SHA-256 and AES-256 key wrap (RFC 5753). Both detect a changed wrapping by themselves.
"""

from functools import lru_cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from callvault.vault import cms
from callvault.vault.certificates import Certificate, PrivateKey

WRAPPING_KEY_BYTES = 32

_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_SHA256 = cms.BareAlgorithm(algorithm=cms.ID_SHA256)
_OAEP_ALGORITHM = cms.OaepAlgorithm(
    algorithm=cms.ID_RSAES_OAEP,
    parameters=cms.OaepParameters(
        hash=_SHA256, mask=cms.MaskAlgorithm(algorithm=cms.ID_MGF1, parameters=_SHA256)
    ),
)
_WRAP_ALGORITHM = cms.BareAlgorithm(algorithm=cms.ID_AES256_WRAP)
_AGREEMENT_ALGORITHM = cms.KeyAgreementAlgorithm(
    algorithm=cms.ID_STD_DH_SHA256_KDF, parameters=_WRAP_ALGORITHM
)
_SHARED_INFO = cms.encode(
    cms.SharedInfo(key_info=_WRAP_ALGORITHM, key_bits=(8 * WRAPPING_KEY_BYTES).to_bytes(4, "big"))
)

AnyRecipientInfo = cms.KeyTransRecipientInfo | cms.KeyAgreeRecipientInfo


def wrap(content_key: bytes, certificate: Certificate) -> AnyRecipientInfo:
    """Wrap `content_key` so that the certificate's private key unwraps it."""
    recipient = _name(certificate)
    if isinstance(certificate.public_key, rsa.RSAPublicKey):
        return cms.KeyTransRecipientInfo(
            version=0,
            recipient=recipient,
            algorithm=_OAEP_ALGORITHM,
            encrypted_key=certificate.public_key.encrypt(content_key, _OAEP),
        )
    return _wrap_by_agreement(content_key, certificate.public_key, recipient)


@lru_cache(16)
def _name(certificate: Certificate) -> cms.IssuerAndSerialNumber:
    return cms.IssuerAndSerialNumber(
        issuer=cms.tlv(certificate.issuer), serial_number=certificate.serial_number
    )


def unwrap(info: AnyRecipientInfo, private_key: PrivateKey) -> bytes | None:
    """Return the content key, or None if this private key does not unwrap it."""
    try:
        if isinstance(info, cms.KeyTransRecipientInfo):
            return _unwrap_rsa(info, private_key)
        return _unwrap_by_agreement(info, private_key)
    except (ValueError, InvalidUnwrap):
        return None


def is_as_we_write_it(info: AnyRecipientInfo) -> bool:
    """Whether `info` uses the algorithms named above, and is for one certificate."""
    if isinstance(info, cms.KeyTransRecipientInfo):
        return info.algorithm.algorithm == cms.ID_RSAES_OAEP
    return (
        info.algorithm.algorithm == cms.ID_STD_DH_SHA256_KDF
        and info.algorithm.parameters.algorithm == cms.ID_AES256_WRAP
        and isinstance(info.originator, cms.OriginatorPublicKey)
        and len(info.recipient_encrypted_keys) == 1
    )


def certificate_name(info: AnyRecipientInfo) -> tuple[bytes, int]:
    """Return issuer (DER) and serial number of the certificate that `info` is for."""
    if isinstance(info, cms.KeyTransRecipientInfo):
        name = info.recipient
    else:
        name = info.recipient_encrypted_keys[0].recipient
    return cms.encode(name.issuer), name.serial_number


def _wrap_by_agreement(
    content_key: bytes, public_key: ec.EllipticCurvePublicKey, recipient: cms.IssuerAndSerialNumber
) -> cms.KeyAgreeRecipientInfo:
    ephemeral = ec.generate_private_key(public_key.curve)
    wrapping_key = _derive(ephemeral.exchange(ec.ECDH(), public_key))
    point = ephemeral.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    return cms.KeyAgreeRecipientInfo(
        version=3,
        originator=cms.OriginatorPublicKey(
            algorithm=cms.BareAlgorithm(algorithm=cms.ID_EC_PUBLIC_KEY),
            public_key=cms.BitString(point, 0),
        ),
        algorithm=_AGREEMENT_ALGORITHM,
        recipient_encrypted_keys=[
            cms.RecipientEncryptedKey(
                recipient=recipient, encrypted_key=aes_key_wrap(wrapping_key, content_key)
            )
        ],
    )


def _unwrap_rsa(info: cms.KeyTransRecipientInfo, private_key: PrivateKey) -> bytes | None:
    if not isinstance(private_key, rsa.RSAPrivateKey):
        return None
    return private_key.decrypt(info.encrypted_key, _OAEP)


def _unwrap_by_agreement(info: cms.KeyAgreeRecipientInfo, private_key: PrivateKey) -> bytes | None:
    originator = info.originator
    if not isinstance(private_key, ec.EllipticCurvePrivateKey):
        return None
    if not isinstance(originator, cms.OriginatorPublicKey):
        return None
    # A point that is not on the recipient's curve raises ValueError here.
    point = ec.EllipticCurvePublicKey.from_encoded_point(
        private_key.curve, originator.public_key.as_bytes()
    )
    wrapping_key = _derive(private_key.exchange(ec.ECDH(), point))
    return aes_key_unwrap(wrapping_key, info.recipient_encrypted_keys[0].encrypted_key)


def _derive(shared_secret: bytes) -> bytes:
    kdf = X963KDF(algorithm=hashes.SHA256(), length=WRAPPING_KEY_BYTES, sharedinfo=_SHARED_INFO)
    return kdf.derive(shared_secret)
