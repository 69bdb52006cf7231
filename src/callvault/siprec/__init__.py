"""SIPREC: bodies taken apart, metadata read and remembered, speakers found (RFC 7865, 7866)."""

from callvault.siprec.address import display_name, user_and_host
from callvault.siprec.classify import CallClass, classify
from callvault.siprec.correlation import Correlation, correlation_of
from callvault.siprec.details import MAX_DETAILS, Detail, details_of, limited_to
from callvault.siprec.device_time import is_clock_set, read_device_time
from callvault.siprec.document import (
    DataMode,
    Document,
    Extension,
    Group,
    NameId,
    Participant,
    ParticipantSession,
    ParticipantStreams,
    Session,
    SessionRecording,
    Stream,
)
from callvault.siprec.hints import Hints, OwnerHint, hints_of
from callvault.siprec.multipart import Body, Part, read_body
from callvault.siprec.reader import read_metadata
from callvault.siprec.roster import Roster, SessionRoster, Speaker
from callvault.siprec.salvage import salvage
from callvault.siprec.speakers import Line, SessionVoices, Voice, who_speaks
from callvault.siprec.view import Change, MetadataState, View, merge

__all__ = [
    "MAX_DETAILS",
    "Body",
    "CallClass",
    "Change",
    "Correlation",
    "DataMode",
    "Detail",
    "Document",
    "Extension",
    "Group",
    "Hints",
    "Line",
    "MetadataState",
    "NameId",
    "OwnerHint",
    "Part",
    "Participant",
    "ParticipantSession",
    "ParticipantStreams",
    "Roster",
    "Session",
    "SessionRecording",
    "SessionRoster",
    "SessionVoices",
    "Speaker",
    "Stream",
    "View",
    "Voice",
    "classify",
    "correlation_of",
    "details_of",
    "display_name",
    "hints_of",
    "is_clock_set",
    "limited_to",
    "merge",
    "read_body",
    "read_device_time",
    "read_metadata",
    "salvage",
    "user_and_host",
    "who_speaks",
]
