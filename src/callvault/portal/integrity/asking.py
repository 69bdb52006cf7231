"""Asking for a line in the log of recordings, in the transaction that makes it necessary."""

from uuid import UUID

from .models import Unentered


def ask_for_line(recording_id: UUID) -> None:
    """Have a recording enter the log as it will be once this transaction stands: listed or gone."""
    Unentered.objects.create(recording_id=recording_id)
