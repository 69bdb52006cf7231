"""Facts about a dialog, as the journals say them: its header, the verdict of one turned away."""

import re
from dataclasses import dataclass
from uuid import UUID

from callvault import policy, sip
from callvault.clock import Instant
from callvault.cucm import Place
from callvault.policy.decision import Decision, Verdict
from callvault.policy.snapshot import Trunk
from callvault.recorder.actions import Action, Append
from callvault.recorder.capacity import RETRY_AFTER_S
from callvault.recorder.memory import SessionMemory
from callvault.recorder.setting import SessionSetting
from callvault.siprec import Body, read_body
from callvault.spool import entries


def header_of(
    invite: sip.InviteReceived, setting: SessionSetting, now: Instant
) -> entries.JournalHeader:
    """Head the journal of a call."""
    return entries.JournalHeader(
        journal_id=setting.journal_id,
        purpose="dialog",
        node=setting.node,
        opened_at_ns=now.realtime_ns,
        trunk=reference_to(setting.trunk),
        call_id=invite.request.call_id,
        peer=shown_peer(invite.flow),
        transport=invite.flow.transport,
        device_zone=setting.trunk.device_zone,
        twin_of=_twin_of(setting.place),
    )


def _twin_of(place: Place | None) -> UUID | None:
    return place.pair_id if place is not None and place.is_second else None


def header_of_dialog(
    dialog: sip.SavedDialog,
    memory: SessionMemory,
    *,
    journal_id: UUID,
    node: str,
    opened_at_ns: int,
    continues: UUID | None = None,
) -> entries.JournalHeader:
    """Head the journal of a call that another one began."""
    trunk = memory.trunk
    return entries.JournalHeader(
        journal_id=journal_id,
        purpose="dialog",
        node=node,
        opened_at_ns=opened_at_ns,
        trunk=reference_to(trunk),
        call_id=dialog.call_id,
        peer=shown_peer(dialog.flow),
        transport=dialog.flow.transport,
        continues=continues,
        device_zone=trunk.device_zone,
        rest_of=memory.said.first_journal_id,
        twin_of=_twin_of(memory.place),
    )


def first_events(
    memory: SessionMemory, header: entries.JournalHeader, decided: Decision | None, now: Instant
) -> list[entries.Event]:
    """Return what the journal of a call that goes on must say of what was before.

    Of the answer again, since the journal before may have been cut off a moment after it; of what
    the peer said, and of a pause, only in a journal that is not the next piece of another.
    """
    answered = entries.TimelineEvent(memory.answered_at_ns, "answered", owner_of(decided))
    if header.continues is not None:
        return [answered]
    told: list[entries.Event] = [*memory.said.again(now.realtime_ns), answered]
    if memory.is_paused or memory.is_paused_by_src:
        told.append(entries.TimelineEvent(now.realtime_ns, "paused", detail="split"))
    return told


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Why a call leaves no journal: the answer it got, the step that stopped it, the reason."""

    status: int  # 487: its peer took it back
    step: str  # room, offer, media
    reason: str

    def verdict(
        self, request: sip.Request, flow: sip.Flow, trunk: Trunk, *, event_id: UUID, now: Instant
    ) -> entries.CallVerdict:
        """Word it for the node's event journal. Raises RemoteProtocolError without Call-ID."""
        verdict = Verdict.DISCARDED if self.status == 487 else Verdict.REFUSED
        return entries.CallVerdict(
            at_ns=now.realtime_ns,
            event_id=event_id,
            verdict=verdict,
            decision=policy.turned_away(
                trunk, flow.remote[0], step=self.step, reason=self.reason, verdict=verdict
            ),
            trunk=reference_to(trunk),
            peer=shown_peer(flow),
            call_id=request.call_id,
            caller=_number_of(request.from_address),
            callee=_number_of(request.to_address),
            sip_status=self.status,
        )


def answer_missing(now: Instant) -> list[Action]:
    """Note an ACK without the SDP that was due: where regions share no codec CUCM sends one."""
    return [Append(entries.TimelineEvent(now.realtime_ns, "answer_missing"))]


def is_without_codec(request: sip.Request) -> bool:
    """Whether a BYE says that no codec was found: "Q.850;cause=47" of CUCM's (RFC 3326)."""
    return any(_CAUSE_47.search(one) for one in request.headers.all("reason"))


def owner_of(decision: Decision | None) -> str:
    """Return the name of the first owner; empty while nobody is known."""
    return decision.assignments[0].owner_name if decision and decision.assignments else ""


_CAUSE_47 = re.compile(r"q\.850\s*;(?:.*;)?\s*cause\s*=\s*47\s*(?:;|,|$)", re.IGNORECASE)
_MISCELLANEOUS = 399
_WARN_CODES = (
    ("cannot reach this node", 301),  # incompatible network address formats
    ("no codec that can be recorded", 305),  # incompatible media format
    ("is not recorded", 304),  # media type not available
    ("not RTP", 302),  # incompatible transport protocol
)
"""By the words of the first problem that has one: a line without codec says more than a video."""


def warning(address: str, text: str) -> tuple[str, str]:
    """Return a Warning header with the code of its words (RFC 3261, section 20.43)."""
    code = next((code for words, code in _WARN_CODES if words in text), _MISCELLANEOUS)
    quoted = text.replace("\\", "").replace('"', "")
    agent = f"[{address}]" if ":" in address else address
    return ("Warning", f'{code} {agent} "{quoted}"')


def refusal_headers(status: int, reason: str, address: str) -> tuple[tuple[str, str], ...]:
    """Return what an answer that refuses says besides its status."""
    if status == 488:
        return (warning(address, reason),)
    # Another 503 gets the agent's own Retry-After: what stands against it lasts.
    return (("Retry-After", str(RETRY_AFTER_S[reason])),) if reason in RETRY_AFTER_S else ()


def body_of(request: sip.Request) -> Body:
    """Sort the body; of several Content-Type headers the first counts (SEMS sends two)."""
    return read_body(
        request.headers.first("content-type") or "",
        request.body,
        disposition=request.headers.first("content-disposition") or "",
    )


def reference_to(trunk: Trunk) -> entries.TrunkRef:
    """Name a trunk as it is called now."""
    return entries.TrunkRef(trunk.trunk_id, trunk.name)


def shown_peer(flow: sip.Flow) -> str:
    """Write the peer's address and port as journals keep them."""
    host, port = flow.remote
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def end_reason(event: sip.DialogEnded) -> str:
    """Word the end of a dialog that the agent ended by itself."""
    return "bye" if event.cause in ("bye_received", "bye_sent") else event.cause


def _number_of(address: sip.Address) -> str:
    return (address.uri.user or address.uri.text)[:256]
