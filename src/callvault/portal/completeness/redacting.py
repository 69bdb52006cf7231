"""Taking a data subject out of a call record."""

from callvault.portal.subjects.subject import Subject

from .models import CdrCall


def redact_record(row: CdrCall, subject: Subject) -> None:
    """Take out what names the subject; verdict, moment and length stay, and are judged no more."""
    for side in ("caller", "dialled", "callee"):
        if subject.is_meant(getattr(row, side)) or getattr(row, f"{side}_digits") in subject.forms:
            setattr(row, side, "")
            setattr(row, f"{side}_digits", "")
    if subject.person is not None and row.username == subject.person.username:
        row.username = ""
    row.call_ids, row.look_at = [], None
    row.save()
