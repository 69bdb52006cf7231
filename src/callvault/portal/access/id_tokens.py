"""ID tokens: believed only when signed with a key of the provider, for us, now, for this sign-in.

OpenID Connect Core 1.0, section 3.1.3.7. Also over TLS the signature is checked: it costs a
millisecond, and a token is then worth the same however it came.
"""

import hmac
from collections.abc import Sequence
from typing import Any

import jwt

from .claims import Refused

# With a key of the provider only: no `none`, and no HMAC, whose key we would have to share.
ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
)
LEEWAY_S = 60
MAX_TOKEN = 32 * 1024
MAX_SUBJECT = 191  # characters; Core 1.0 allows 255, allauth's column takes these
DEMANDED = ("iss", "sub", "aud", "exp", "iat")


def verified_claims(
    token: object, keys: Sequence[dict[str, Any]], *, issuer: str, client_id: str, nonce: str
) -> dict[str, Any]:
    """Return what an ID token says. Raises Refused with the rule it breaks."""
    if not isinstance(token, str) or len(token) > MAX_TOKEN:
        raise Refused("token_missing")
    claims = _signed(token, keys, issuer=issuer, client_id=client_id)
    _check_party(claims, client_id)
    if not nonce or not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise Refused("token_nonce")
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= MAX_SUBJECT:
        raise Refused("token_subject")
    return claims


def _signed(
    token: str, keys: Sequence[dict[str, Any]], *, issuer: str, client_id: str
) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise Refused("token_algorithm")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key_for(header, keys),
            algorithms=[str(header["alg"])],
            issuer=issuer,
            audience=client_id,
            leeway=LEEWAY_S,
            options={"require": list(DEMANDED)},
        )
    except jwt.ExpiredSignatureError as broken:
        raise Refused("token_expired") from broken
    except jwt.InvalidAudienceError as broken:
        raise Refused("token_audience") from broken
    except jwt.InvalidIssuerError as broken:
        raise Refused("token_issuer") from broken
    except jwt.InvalidSignatureError as broken:
        raise Refused("token_signature") from broken
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as broken:
        raise Refused("token_unreadable") from broken
    return claims


def _key_for(header: dict[str, Any], keys: Sequence[dict[str, Any]]) -> Any:
    """Return the key that the token names, or the only one; never one made for something else."""
    fit = [key for key in keys if key.get("use", "sig") == "sig" and key.get("kty") != "oct"]
    if "kid" in header:
        fit = [key for key in fit if key.get("kid") == header["kid"]]
    if len(fit) != 1:
        raise Refused("token_key")
    if fit[0].get("alg", header["alg"]) != header["alg"]:
        raise Refused("token_algorithm")
    return jwt.PyJWK(fit[0], algorithm=str(header["alg"])).key


def _check_party(claims: dict[str, Any], client_id: str) -> None:
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    if several and claims.get("azp") != client_id:
        raise Refused("token_audience")
    if claims.get("azp", client_id) != client_id:
        raise Refused("token_audience")
