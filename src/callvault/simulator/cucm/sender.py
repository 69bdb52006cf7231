"""Makes calls of CUCM's of their plans: ids, streams, sockets."""

import socket
from collections.abc import Sequence
from random import Random

from callvault.simulator.cucm.call import CucmCall, CucmPair
from callvault.simulator.cucm.leg import Leg
from callvault.simulator.cucm.plan import Conversation, PairPlan
from callvault.simulator.cucm.words import CucmClient, new_words
from callvault.simulator.media import new_stream
from callvault.simulator.preparation import PreparedCall
from callvault.simulator.script import CallScript, Speaker
from callvault.simulator.sealing import Sealing
from callvault.simulator.wire import Placing, media_socket
from callvault.sip.client import UserAgentClient


class CucmSender:
    """Two SIP calls for each recorded phone."""

    def __init__(self, placing: Placing, *, ids: Random) -> None:
        """`ids`: what Call-IDs and tags are drawn from."""
        self._placing, self._ids = placing, ids

    def new_client(self) -> UserAgentClient:
        """Return what speaks SIP."""
        return CucmClient()

    def scripts_of(self, plan: Conversation) -> Sequence[CallScript]:
        """Return what is said in each pair."""
        return plan.scripts

    def new_call(
        self, plan: Conversation, prepared: Sequence[PreparedCall], address: str
    ) -> tuple[CucmCall, Sequence[socket.socket]]:
        """Return a conversation that can be placed, and the sockets of its streams."""
        media_address = self._placing.media_address or address
        pairs = [
            self._new_pair(plan, pair, sound, (address, media_address))
            for pair, sound in zip(plan.pairs, prepared, strict=True)
        ]
        sockets = [media_socket(media_address) for _ in pairs for _ in Speaker]
        return CucmCall(plan, pairs), sockets

    def _new_pair(
        self, plan: Conversation, pair: PairPlan, sound: PreparedCall, addresses: tuple[str, str]
    ) -> CucmPair:
        rng = Random(f"{self._placing.seed}/{pair.script.index}/legs")
        wishes = plan.wishes
        legs: dict[Speaker, Leg] = {}
        for side in Speaker:
            words = new_words(
                pair,
                side,
                self._ids,
                address=addresses[0],
                media_address=addresses[1],
                pilot=wishes.pilot,
                is_offering=wishes.early_offer,
            )
            stream = new_stream(sound.payloads[side], pair.script.codec, rng=rng)
            legs[side] = Leg(words, stream, fault=wishes.fault, sealing=self._new_sealing())
        return CucmPair(pair, legs, gap_ms=wishes.gap_ms, fault=wishes.fault)

    def _new_sealing(self) -> Sealing | None:
        placing = self._placing
        if not placing.srtp:
            return None
        wrong = placing.srtp_wrong_key
        return Sealing(placing.srtp, streams=1, rng=self._ids, wrong_key=wrong)
