"""What nodes reported of themselves, in words. Kinds that are not known keep their own name."""

from dataclasses import dataclass

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
    titles = {
        "started": _("Recorder started"),
        "stopped": _("Recorder stopped"),
        "buffer_small": _("The kernel gave a smaller receive buffer than asked for"),
        "journal_damaged": _("A journal is damaged; it was read up to the damage and is kept"),
        "spool_full": _("The spool's disk is nearly full; new calls are refused"),
        "ports_exhausted": _("No media port was free; a call was refused"),
    }
    title = titles.get(row.kind, row.kind.replace("_", " ").capitalize())
    told = [f"{name.replace('_', ' ')} {value}" for name, value in row.values.items()]
    return NodeEventView(row, title, ", ".join(told))
