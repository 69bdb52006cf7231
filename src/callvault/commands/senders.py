"""Who sends simulated calls: a recording client, or CUCM; what each plans, and tells afterwards."""

from argparse import Namespace
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Any, Generic

from callvault.simulator.comparison import PlacedCall
from callvault.simulator.cucm.placed import placed_pairs
from callvault.simulator.cucm.plan import CucmWishes, Fault, Order, Scene, plan_conversations
from callvault.simulator.cucm.sender import CucmSender
from callvault.simulator.driver import Call, FinishedCall, Plan, Sender, SrcSender
from callvault.simulator.placed import placed_call
from callvault.simulator.script import CallScript
from callvault.simulator.speech import Speech
from callvault.simulator.wire import Placing


@dataclass(frozen=True, slots=True)
class Sending(Generic[Plan, Call]):
    """Calls that are planned, who sends them, and how what became of them is told."""

    plans: Sequence[Plan]
    scripts: Sequence[CallScript]
    sender_at: Callable[[Placing], Sender[Plan, Call]]
    told: Callable[[FinishedCall[Call]], Iterable[PlacedCall]]


def sending_of(
    options: Namespace, scripts: Sequence[CallScript], cache_folder: Path
) -> Sending[Any, Any]:
    """Return the sender that is asked for, with its plans."""
    if options.sender != "cucm":
        return Sending(
            plans=scripts,
            scripts=scripts,
            sender_at=SrcSender,
            told=lambda one: (placed_call(one.call, one.prepared[0]),),
        )
    ids = SystemRandom()
    length_of = Speech(cache_folder).length_ms
    plans = tuple(
        plan_conversations(
            scripts, cucm_wishes(options), seed=options.seed, ids=ids, length_of=length_of
        )
    )
    return Sending(
        plans=plans,
        scripts=[script for plan in plans for script in plan.scripts],
        sender_at=lambda placing: CucmSender(placing, ids=ids),
        told=lambda one: placed_pairs(one.call, one.prepared),
    )


def cucm_wishes(options: Namespace) -> CucmWishes:
    """Return what the options ask of CUCM; where they say nothing, what most CUCMs do."""
    usual = CucmWishes()
    return CucmWishes(
        pilot=options.pilot or usual.pilot,
        scene=Scene(options.scene) if options.scene else usual.scene,
        fault=Fault(options.fault) if options.fault else None,
        order=Order(options.order) if options.order else usual.order,
        gap_ms=usual.gap_ms if options.gap is None else options.gap,
        early_offer=bool(options.early_offer),
        is_mirrored=bool(options.mirror),
        two_clusters=bool(options.two_clusters),
    )
