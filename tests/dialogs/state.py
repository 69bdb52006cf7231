"""What the SRC would say now: sessions, parties and m-lines of one dialog, changed by steps."""

from dataclasses import dataclass, field

from callvault.simulator.script import Codec
from tests.dialogs.cast import CAST, Actor
from tests.dialogs.script import ScriptError, Step

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9}


@dataclass
class Session:
    """A communication session."""

    key: str
    number: int
    values: dict[str, str] = field(default_factory=dict)

    def __getattr__(self, name: str) -> str:
        """Give templates the values of the step: `session.group`."""
        return str(self.__dict__.get("values", {}).get(name, ""))


@dataclass
class Party:
    """A participant, and the line on which they are heard."""

    actor: Actor
    session: str
    line: int
    number: int
    values: dict[str, str] = field(default_factory=dict)
    is_muted: bool = False
    has_left: bool = False

    def __getattr__(self, name: str) -> str:
        return str(self.__dict__.get("values", {}).get(name, ""))


@dataclass
class Line:
    """An m-line as it is offered."""

    number: int
    label: str
    direction: str = "sendonly"
    is_zero: bool = False
    is_closed: bool = False
    codec: str = "PCMA"
    ptime: int = 20
    port: int = 0
    session: str = ""
    values: dict[str, str] = field(default_factory=dict)

    @property
    def payload_type(self) -> int:
        """Static payload type of its codec."""
        return PAYLOAD_TYPES[self.codec]

    @property
    def encoding(self) -> Codec:
        """Its codec as the simulator names it."""
        return Codec(self.codec.lower())


@dataclass
class DialogState:
    """Everything that templates are written from."""

    sessions: dict[str, Session] = field(default_factory=dict)
    parties: list[Party] = field(default_factory=list)
    lines: dict[int, Line] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    _sessions_seen: int = 0

    def change(self, step: Step) -> None:
        """Carry out a step that only changes what is said next."""
        change = getattr(self, "_" + step.verb.replace("-", "_"))
        change(step)

    def party(self, who: str) -> Party:
        """Find a participant by the actor."""
        found = [one for one in self.parties if one.actor.key == who]
        if not found:
            raise ScriptError(f"{who} takes no part")
        return found[-1]

    def _cs(self, step: Step) -> None:
        key = step.words[0]
        if key not in self.sessions:
            self._sessions_seen += 1
            self.sessions[key] = Session(key, self._sessions_seen)
        self.sessions[key].values |= step.values

    def _cs_end(self, step: Step) -> None:
        key = step.words[0]
        self.parties = [one for one in self.parties if one.session != key]
        del self.sessions[key]

    def _party(self, step: Step) -> None:
        values = dict(step.values)
        session = values.pop("cs", next(reversed(self.sessions), ""))
        line = int(values.pop("line", "0"))
        number = len(self.parties) + 1
        self.parties.append(Party(CAST[step.words[0]], session, line, number, values))
        if line in self.lines and not self.lines[line].session:
            self.lines[line].session = session

    def _leave(self, step: Step) -> None:
        if "marked" in step.words:
            self.party(step.words[0]).has_left = True
        else:
            self.parties.remove(self.party(step.words[0]))

    def _mute(self, step: Step) -> None:
        for who in step.words:
            self.party(who).is_muted = True

    def _unmute(self, step: Step) -> None:
        for who in step.words:
            self.party(who).is_muted = False

    def _line(self, step: Step) -> None:
        number, *ways = step.words
        line = self.lines.setdefault(int(number), Line(int(number), number))
        for way in ways:
            line.is_zero, line.is_closed = way == "zero", way == "closed"
            line.direction = "sendonly" if way in ("zero", "closed") else way
            line.direction = "" if way == "undirected" else line.direction
        values = dict(step.values)
        line.label = values.pop("label", line.label)
        line.codec = values.pop("codec", line.codec)
        line.ptime = int(values.pop("ptime", line.ptime))
        line.session = values.pop("cs", line.session)
        line.values |= values

    def _set(self, step: Step) -> None:
        self.variables |= step.values
