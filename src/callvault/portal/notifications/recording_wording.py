"""What became of a mail about a recording, in words for administrators."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .faults import MailFault, explained
from .recording_models import RecordingMail

_NOT_SENT = {
    "no_owner": gettext_lazy("The owner was deleted meanwhile."),
    "not_active": gettext_lazy("The owner is not active any more."),
    "not_wanted": gettext_lazy("Mail to the owner was switched off meanwhile."),
    "no_address": gettext_lazy("The owner has no e-mail address."),
}


def problem_of(row: RecordingMail) -> tuple[str, str]:
    """Return what happened, and what to do about it; empty where nothing is wrong."""
    if row.problem in _NOT_SENT:
        return str(_NOT_SENT[row.problem]), ""
    if not row.problem:
        return "", ""
    host = row.host or _("the mail server")
    return explained(MailFault(row.problem, row.said), host=host, port=row.port)
