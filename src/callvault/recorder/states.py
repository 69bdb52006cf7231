"""The states of a recording session: which event may come when, and what it leads to."""

from enum import Enum, auto

from callvault import sip
from callvault.recorder.actions import (
    EndRequested,
    MediaChecked,
    PauseRequested,
    ResumeRequested,
    StreamsOpened,
    StreamsRefused,
)
from callvault.recorder.requests import KINDS


class State(Enum):
    """Where a recording session stands."""

    IDLE = auto()
    OFFERED = auto()  # the INVITE is here, ports are being opened
    ANSWERED = auto()  # 200 sent; media may flow before the ACK
    ESTABLISHED = auto()
    ENDING = auto()  # BYE received or sent
    ENDED = auto()


_IN_CALL = (
    *(sip.ReinviteReceived, sip.UpdateReceived, sip.InfoReceived, sip.SessionExpired),
    *(sip.AckTimedOut, sip.InviteCancelled, sip.AnswerOverdue),
    *(StreamsOpened, StreamsRefused, MediaChecked, PauseRequested, ResumeRequested),
    *KINDS,
)
AFTER_CALL = (
    *(sip.ReinviteReceived, sip.UpdateReceived, sip.AckReceived, sip.AckTimedOut),
    *(sip.InfoReceived, sip.ByeReceived, sip.InviteCancelled, sip.AnswerOverdue),
    *(sip.SessionExpired, MediaChecked, EndRequested),
)
_ENDS = {
    sip.ByeReceived: State.ENDING,
    EndRequested: State.ENDING,
    sip.DialogEnded: State.ENDED,
}

TRANSITIONS: dict[State, dict[type, State]] = {
    State.IDLE: {sip.InviteReceived: State.OFFERED},
    State.OFFERED: {
        StreamsOpened: State.ANSWERED,
        StreamsRefused: State.ENDING,
        sip.InviteCancelled: State.ENDING,
        sip.AnswerOverdue: State.ENDING,
        **_ENDS,
    },
    State.ANSWERED: {
        sip.AckReceived: State.ESTABLISHED,
        **dict.fromkeys(_IN_CALL, State.ANSWERED),
        **_ENDS,
    },
    State.ESTABLISHED: {
        sip.AckReceived: State.ESTABLISHED,  # of a re-INVITE
        **dict.fromkeys(_IN_CALL, State.ESTABLISHED),
        **_ENDS,
    },
    State.ENDING: {
        **dict.fromkeys(AFTER_CALL, State.ENDING),
        sip.DialogEnded: State.ENDED,
    },
    State.ENDED: {},
}
"""State after each kind of event. A handler may end the session on top of it."""
