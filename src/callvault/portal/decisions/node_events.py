"""What nodes reported of themselves, in words. Kinds that are not known keep their own name."""

from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from .models import NodeEvent


@dataclass(frozen=True, slots=True)
class NodeEventView:
    """One line under "What the nodes reported"."""

    row: NodeEvent
    title: str
    text: str


def node_event_view(row: NodeEvent) -> NodeEventView:
    """Word one event; its values follow as they are."""
    title = _titles().get(row.kind, row.kind.replace("_", " ").capitalize())
    told = [_told(name, value) for name, value in row.values.items()]
    return NodeEventView(row, title, ", ".join(told))


def _titles() -> dict[str, str]:
    return {
        "started": _("Recorder started"),
        "stopped": _("Recorder stopped"),
        "buffer_small": _("The kernel gave a smaller receive buffer than asked for"),
        "journal_damaged": _("A journal is damaged; it was read up to the damage and is kept"),
        "spool_full": _("The spool's disk is nearly full; new calls are refused"),
        "disk_filling": _("The spool's disk is filling: less than a fifth is free"),
        "disk_filling_over": _("The spool's disk has room again"),
        "disk_low": _("The spool's disk is kept for the calls in progress; new ones are refused"),
        "disk_recovered": _("The spool's disk has room; calls are taken again"),
        "vault_filling": _("The vault's disk is filling: less than a fifth is free"),
        "vault_filling_over": _("The vault's disk has room again"),
        "vault_unreachable": _("The vault takes no recordings; they wait on the spool"),
        "vault_recovered": _("The vault takes recordings again"),
        "storage_unreachable": _(
            "The store of recordings cannot be used; they wait on their nodes"
        ),
        "storage_recovered": _("The store of recordings can be used again"),
        "draining": _("Draining: new calls are refused, those in progress go on"),
        "drain_undone": _("Calls are taken again"),
        "drained": _("Drained: the recorder ends"),
        "credentials_refused": _("A peer of a trunk gave wrong credentials"),
        "tls_listens": _("SIP is spoken over TLS now"),
        "tls_files_read": _("New TLS files are in use for new connections"),
        "tls_files_refused": _("TLS files cannot be used; those before stay in use"),
        "tls_certificate_expires": _("The TLS certificate expires soon, or has expired"),
        "srtp_key_wrong": _(
            "Audio of a call cannot be decrypted: its key is not the negotiated one"
        ),
        "srtp_key_right": _("Audio of a call can be decrypted again"),
        "keep_called": _("A call was marked to be kept by calling the live-keep pilot"),
        "keep_called_in_vain": _("Somebody called the live-keep pilot, but no call was to be kept"),
        "pause_forgotten": _("A recording has been paused for long: was it forgotten?"),
        "pause_ended": _("A pause lasted too long and was ended"),
        "owner_ambiguous": _(
            "The number of a call is shared by several people, and nothing decides between them"
        ),
        "cucm_one_sided": _("Of a call of CUCM only one voice came: it is recorded one-sided"),
        "cucm_no_codec": _("CUCM found no common codec for a recording: check its regions"),
        "no_media": _("No audio comes on a stream of a call: is a firewall in between?"),
        "media_came": _("Audio comes on a stream of a call that was missing"),
        "offered_recvonly": _(
            "A recording client offered to receive instead of to send; nothing can be recorded"
        ),
        "ports_exhausted": _("No media port was free; a call was refused"),
    }


def _told(name: str, value: str) -> str:
    """Name one value; numbers of bytes are made short."""
    if name.endswith("_bytes") and value.isdecimal():
        return f"{name.removesuffix('_bytes').replace('_', ' ')} {filesizeformat(int(value))}"
    return f"{name.replace('_', ' ')} {value}"
