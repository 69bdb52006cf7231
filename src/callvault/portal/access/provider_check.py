"""Asks a provider what a sign-in would ask, and says what is wrong, for the administrator."""

from dataclasses import dataclass

import jwt
from django.utils.translation import gettext as _

from .discovery import ProviderTrouble, discover, key_set
from .id_tokens import ALGORITHMS


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    is_good: bool
    text: str


def findings_of(issuer: str) -> list[Finding]:
    """Fetch discovery and keys; return what is well, and at the end what is not."""
    findings: list[Finding] = []
    try:
        found = discover(issuer)
        findings.append(Finding(is_good=True, text=_("The provider answers as %s.") % issuer))
        keys = key_set(found.jwks_uri)
        findings.append(_about_keys(keys))
    except ProviderTrouble as trouble:
        return [*findings, Finding(is_good=False, text=in_words(trouble))]
    if not found.end_session_endpoint:
        text = _("It offers no sign-out, so signing out here leaves people signed in there.")
        findings.append(Finding(is_good=True, text=text))
    return findings


def _about_keys(keys: list[dict[str, object]]) -> Finding:
    usable = sum(1 for key in keys if _is_usable(key))
    if not usable:
        return Finding(is_good=False, text=_("None of its keys can be used to check tokens."))
    told = {"usable": usable, "all": len(keys)}
    text = _("%(usable)s of its %(all)s keys can be used to check tokens.") % told
    return Finding(is_good=True, text=text)


def _is_usable(key: dict[str, object]) -> bool:
    if key.get("kty") == "oct" or key.get("use", "sig") != "sig":
        return False
    try:
        return jwt.PyJWK(key).algorithm_name in ALGORITHMS
    except (jwt.PyJWTError, ValueError, TypeError):
        return False


def in_words(trouble: ProviderTrouble) -> str:
    """Say what is wrong with a provider, and what to look at."""
    detail = {"detail": trouble.detail}
    words = {
        "other_issuer": _("It calls itself %(detail)s. Write the issuer exactly like that."),
        "endpoint": _("Its address %(detail)s is missing, or is not under HTTPS."),
        "not_https": _("%(detail)s is not under HTTPS."),
        "status": _("It answered %(detail)s where it should describe itself."),
        "certificate": _("Its certificate is not trusted by this machine."),
        "unreachable": _("It does not answer. Look at the address, and at the firewall between."),
        "too_long": _("Its answer is far too long to be what was asked for."),
        "no_json": _("Its answer is not what OpenID Connect prescribes."),
        "no_keys": _("It publishes no keys."),
    }
    return words[trouble.reason] % detail
