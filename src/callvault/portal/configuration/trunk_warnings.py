"""What is worth a second look in a trunk that is otherwise right."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from .models import Trunk, TrunkSrtp


@dataclass(frozen=True, slots=True)
class TrunkWarning:
    """One remark: what it is, and what follows from it."""

    tone: str  # amber, or nothing for a remark
    strong: str
    text: str


def warnings_of(trunk: Trunk) -> list[TrunkWarning]:
    """Return remarks on a saved trunk, the gravest first."""
    found = [_audio_from_anywhere(trunk), _keys_in_clear(trunk), _password_over_udp(trunk)]
    return [one for one in found if one is not None]


def _audio_from_anywhere(trunk: Trunk) -> TrunkWarning | None:
    if trunk.media_networks:
        return None
    return TrunkWarning(
        "amber",
        _("Audio is taken from anywhere."),
        _(
            "Whoever can send packets to the media ports can be heard in a recording. Name the "
            "addresses that audio comes from."
        ),
    )


def _keys_in_clear(trunk: Trunk) -> TrunkWarning | None:
    """Point out SDES keys on a way that others can read (RFC 4568, section 8.2)."""
    in_clear = [name.upper() for name in trunk.transports if name != "tls"]
    if trunk.srtp == TrunkSrtp.REFUSED or not in_clear:
        return None
    told = {"transports": "/".join(in_clear)}
    if trunk.srtp == TrunkSrtp.REQUIRED:
        tone, strong = "amber", _("Keys of encrypted audio travel in clear over %(transports)s.")
    else:
        tone, strong = "", _("Encrypted audio is as good as clear over %(transports)s.")
    text = _(
        "The keys stand in the SIP messages: who reads those can decrypt the audio. Only TLS "
        "protects them."
    )
    return TrunkWarning(tone, strong % told, text)


def _password_over_udp(trunk: Trunk) -> TrunkWarning | None:
    if not trunk.digest_user or "udp" not in trunk.transports:
        return None
    return TrunkWarning(
        "",
        _("A password costs each call a second INVITE."),
        _("Over UDP both are cut into fragments, and one lost fragment delays the call."),
    )
