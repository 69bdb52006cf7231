"""The media of one recording session: offers taken in, ports, our answer, what is silent.

One line keeps its index for the whole dialog. A held line keeps its port; a line that the offer
closes gives it back.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from itertools import repeat

from callvault import sdp
from callvault.errors import OfferRefused
from callvault.policy.prompts import Prompts
from callvault.recorder.prompts import SpokenLine, spoken_line
from callvault.siprec import Line
from callvault.spool.entries import PayloadFormat, StreamDescription, StreamKeys
from callvault.srtp import Context

MAX_OWN_LINES = 8
"""Lines of an offer of ours, however many streams the metadata names."""


@dataclass(slots=True)
class Negotiation:
    """State of the offer and answer exchange of one dialog (RFC 3264)."""

    address: str  # ours, as the SRC reaches it
    session_id: int
    transports: sdp.Transports = field(default_factory=sdp.Transports)
    has_codecs: bool = False  # workers decode all codecs that we know
    prompts: Prompts = field(default_factory=Prompts)  # what is to be said, to who wants to hear it
    ports: dict[int, int] = field(default_factory=dict)  # RTP port by line index
    local: sdp.LocalDescription | None = None
    remote: sdp.SessionDescription | None = None
    plans: tuple[sdp.LinePlan, ...] = ()
    labels: tuple[str, ...] = ()  # of our own offer, while it waits for its answer
    offers_srtp: bool = False  # in that offer
    ever_active: set[int] = field(default_factory=set)
    contexts: dict[int, Context] = field(default_factory=dict)  # what the peer seals with, by line

    def take_offer(
        self, text: bytes, own_address: Callable[[str], str] = lambda peer: ""
    ) -> tuple[int, ...]:
        """Judge an offer; return the indexes of lines that still need a port.

        Raises OfferRefused if nothing in it can be recorded, and leaves everything as it was. A
        later offer may close all lines: that is a way of holding a call. `own_address` gives our
        address towards a peer's, for media of another family (IPv4, IPv6) than SIP.
        """
        offer = sdp.parse_offer(text)
        if self.prompts.are_set:
            offer = sdp.g711_first(offer)
        plans = sdp.plan(offer, self.transports, self._decodable)
        if self.local is None or not all(one.is_closed for one in plans):
            sdp.check_recordable(plans)
        self.address = self._address_for(offer, own_address)
        self.remote, self.plans = offer, plans
        return tuple(
            index for index, one in enumerate(plans) if one.is_accepted and index not in self.ports
        )

    def make_offer(self, labels: Sequence[str], *, falls_back: bool = False) -> tuple[int, ...]:
        """Prepare an offer of our own, a line for each label, at least one; return their indexes.

        `falls_back`: the peer answers RTP/AVP to RTP/SAVP where its phone has no SRTP (CUCM).
        """
        self.labels = tuple(labels)[:MAX_OWN_LINES] or ("",)
        self.offers_srtp = not self.transports.plain or (falls_back and self.transports.srtp)
        return tuple(range(len(self.labels)))

    def complete(self, ports: Mapping[int, int], new_key: sdp.NewKey) -> sdp.LocalDescription:
        """Write our description, now that the ports asked for are there."""
        self.ports |= ports
        if self.remote is None:
            self.local = sdp.own_offer(
                self.labels,
                [self.ports[index] for index in range(len(self.labels))],
                address=self.address,
                session_id=self.session_id,
                is_secure=self.offers_srtp,
                new_key=new_key,
                decodable=self._decodable,
                speaks=self.prompts.are_set,
            )
        else:
            self.local = sdp.answer(
                self.remote,
                self.plans,
                self.ports,
                address=self.address,
                session_id=self.session_id,
                new_key=new_key,
                previous=self.local,
                speaks=self.prompts.are_set,
            )
            self.contexts = {
                index: one.crypto.context
                for index, one in enumerate(self.plans)
                if one.crypto and index in self.ports
            }
        self.ever_active |= self._active()
        return self.local

    def take_answer(self, text: bytes) -> str:
        """Learn the peer's answer to our own offer. Raises OfferRefused if it is none.

        Returns why it cannot be recorded: "srtp_required" (it answers in clear what must not
        be), "srtp_unusable" (it seals with what we did not offer); empty: it can.
        """
        self.remote = sdp.parse_offer(text)
        self.ever_active |= self._active()
        self.contexts, lacking = {}, []
        for index, line in enumerate(self.remote.media):
            chosen = sdp.chosen_by(line.crypto, self._offered_crypto(index))
            if chosen is not None:
                self.contexts[index] = chosen.context
            elif line.port and index in self.ports:
                lacking.append(line)
        if any(line.has_crypto and "SAVP" in line.protocol for line in lacking):
            return "srtp_unusable"
        return "srtp_required" if lacking and not self.transports.plain else ""

    def keys(self) -> tuple[StreamKeys, ...]:
        """Return what opens the lines that are sealed, for the journal."""
        return tuple(StreamKeys(index, one) for index, one in sorted(self.contexts.items()))

    def spoken(self) -> tuple[dict[int, SpokenLine], Prompts]:
        """Return the lines on which the peer hears us now, and what is to be said there."""
        if not self.prompts.are_set or self.local is None or self.remote is None:
            return {}, self.prompts
        pairs = enumerate(zip(self.local.media, self.remote.media, strict=False))
        found = ((index, spoken_line(own, theirs)) for index, (own, theirs) in pairs)
        return {index: line for index, line in found if line is not None}, self.prompts

    def closed(self) -> tuple[int, ...]:
        """Return, and forget, the lines whose port is no longer needed."""
        media = self.local.media if self.local else ()
        gone = tuple(index for index in self.ports if index >= len(media) or media[index].port == 0)
        for index in gone:
            del self.ports[index]
        return gone

    def lines(self) -> list[Line]:
        """Return the audio lines that have a port, for finding out who speaks on them."""
        media = self.local.media if self.local else ()
        return [Line(index, one.label) for index, one in enumerate(media) if one.port]

    def silent(self) -> frozenset[int]:
        """Lines that brought media before and do not now: held, or closed."""
        return frozenset(self.ever_active - self._active())

    @property
    def is_paused(self) -> bool:
        """Whether the peer says of any line that is open that its recording is paused."""
        media = self.remote.media if self.remote else ()
        return any(one.port and one.record == "paused" for one in media)

    def streams(self) -> tuple[StreamDescription, ...]:
        """Describe all lines for the journal, with every payload type that may come."""
        media = self.local.media if self.local else ()
        active = self._active()
        return tuple(
            StreamDescription(
                index=index,
                label=one.label,
                media=one.media,
                formats=_formats(one, self._offered(index)),
                active=index in active,
                port=one.port,
                srtp=self.contexts[index].suite if index in self.contexts else "",
                offered=line.direction.value if line else "",
                record=line.record if line else "",
                record_preference=line.record_preference if line else "",
                rtcp_mux=one.rtcp_mux,
                profile=line.protocol if line else one.protocol,
            )
            for index, (one, line) in enumerate(zip(media, self._remote_lines(), strict=False))
        )

    @property
    def _decodable(self) -> sdp.Decodable:
        return sdp.DECODABLE_WITH_CODECS if self.has_codecs else sdp.DECODABLE

    def _remote_lines(self) -> Iterator[sdp.MediaLine | None]:
        """Yield the peer's lines, then None: of our own offer that has no answer yet."""
        yield from self.remote.media if self.remote else ()
        yield from repeat(None)

    def _offered_crypto(self, index: int) -> tuple[sdp.Crypto, ...]:
        media = self.local.media if self.local else ()
        return media[index].crypto if index < len(media) else ()

    def _address_for(self, offer: sdp.SessionDescription, own_address: Callable[[str], str]) -> str:
        """Return ours of the family that the offer's media speak: to the other they were lost."""
        theirs = next(filter(None, map(_media_address, offer.media)), "")
        if not theirs or (":" in theirs) == (":" in self.address):
            return self.address
        ours = own_address(theirs)
        if not ours or (":" in ours) != (":" in theirs):
            family = "IPv6" if ":" in theirs else "IPv4"
            raise OfferRefused(f"media of {family} cannot reach this node")
        return ours

    def _offered(self, index: int) -> tuple[sdp.Codec, ...]:
        media = self.remote.media if self.remote else ()
        return media[index].codecs if index < len(media) else ()

    def _active(self) -> set[int]:
        """Lines that can bring media now. Before the peer answered our offer, all of them."""
        ours = {line.index for line in self.lines()}
        if self.remote is None:
            return ours
        return {
            index
            for index, line in enumerate(self.remote.media)
            if index in ours and line.port and not line.is_on_hold
        }


def _media_address(line: sdp.MediaLine) -> str:
    """Return where an open line's media come from; empty for a name, or the address of a hold."""
    try:
        address = ip_address(line.address) if line.port else None
    except ValueError:
        return ""
    return "" if address is None or address.is_unspecified else str(address)


def _formats(media: sdp.LocalMedia, offered: Sequence[sdp.Codec]) -> tuple[PayloadFormat, ...]:
    """Our choice first, then the rest of the offer: some senders switch without asking."""
    codecs = {codec.payload_type: codec for codec in (*media.codecs, *offered)}
    # The peer's meaning of a payload type is the one its packets have.
    codecs |= {codec.payload_type: codec for codec in offered}
    return tuple(
        PayloadFormat(
            codec.payload_type,
            codec.encoding,
            codec.clock_rate_hz,
            codec.channels,
            codec.parameters,
        )
        for codec in codecs.values()
    )
