"""The remote party of a recording, its number as the numbering plan reads it (FILT-6)."""

from callvault.policy.numbering_plan import PlanReader
from callvault.portal.configuration.plan_reading import normal_number

from .models import Recording
from .page import Party
from .phrases import remote_party


def remote_of(recording: Recording, reader: PlanReader) -> Party:
    """Return the remote party as lists and pages show it."""
    number = normal_number(reader, recording.remote_number, recording.direction)
    return remote_party(number, recording.remote_name)
