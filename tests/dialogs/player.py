"""Plays one dialog file at a recorder, checks each answer, and remembers when what was said."""

import asyncio
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from tests.dialogs.cast import TRUNKS
from tests.dialogs.forms import Form
from tests.dialogs.script import Script, ScriptError, Step
from tests.dialogs.state import DialogState, Line
from tests.dialogs.wire import WITHIN_S, Message, SipSocket, Source, Voice, speak

DIRECTIONS = {"sendonly", "recvonly", "sendrecv", "inactive"}


Moment = tuple[int, int]
"""When something happened at the recorder: not before, and not after (UTC, ns)."""


@dataclass
class Said:
    """Somebody spoke from then to then (UTC, ns) in a dialog."""

    who: str
    dialog: str
    line: int
    start_ns: int
    end_ns: int
    is_kept: bool  # False: must not be in the recording
    mixed_with: int = 1  # how many speak on the line at once


@dataclass
class Played:
    """What came of a dialog file, as the SRC saw it."""

    script: Script
    call_ids: dict[str, str] = field(default_factory=dict)  # by dialog
    answered_ns: dict[str, Moment] = field(default_factory=dict)
    ended_ns: dict[str, Moment] = field(default_factory=dict)
    said: list[Said] = field(default_factory=list)
    marks_ns: dict[str, Moment] = field(default_factory=dict)  # of the request before each mark
    answers: int = 0  # checked


@dataclass
class _Dialog:
    """One SIP dialog of a script."""

    flow: SipSocket
    state: DialogState = field(default_factory=DialogState)
    sources: dict[int, Source] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)  # of the answer
    call_id: str = field(default_factory=lambda: secrets.token_hex(8))
    from_tag: str = field(default_factory=lambda: secrets.token_hex(4))
    to_tag: str = ""
    invite_branch: str = ""
    cseq: int = 100
    sdp_version: int = 1


class Player:
    """Plays one script."""

    def __init__(self, script: Script, target: tuple[str, int], run: str) -> None:
        self.played = Played(script)
        self._script = script
        self._form = Form(script.heads["form"])
        self._transport = script.heads.get("transport", "tcp")
        self._host = TRUNKS[script.heads.get("trunk", "main")].peers[0]
        self._target = target
        self._run = run
        self._dialogs: dict[str, _Dialog] = {}
        self._current = ""
        self._last: Moment = (0, 0)  # of the last request

    async def play(self) -> Played:
        """Play it from first to last."""
        try:
            await self._open(self._script.dialogs[0])
            for step in self._script.steps:
                try:
                    await self._take(step)
                except (AssertionError, ScriptError, TimeoutError) as error:
                    raise AssertionError(f"{self._script.name}:{step.number}: {error}") from error
        finally:
            for dialog in self._dialogs.values():
                dialog.flow.close()
                for source in dialog.sources.values():
                    source.sock.close()
        return self.played

    async def _take(self, step: Step) -> None:
        match step.verb:
            case "dialog":
                await self._open(step.words[0])
            case "send":
                await self._send(step)
            case "talk" | "unheard":
                await self._talk(step)
            case "wait":
                await asyncio.sleep(int(step.words[0]) / 1000)
            case "mark":
                self.played.marks_ns[step.words[0]] = self._last
            case "source":
                self._new_source(int(step.words[0]))
            case "crash":
                self._dialog.flow.close()
                self.played.ended_ns[self._current] = (time.time_ns(), time.time_ns())
            case "expect-bye":
                await self._expect_bye()
            case _:
                self._dialog.state.change(step)

    @property
    def _dialog(self) -> _Dialog:
        return self._dialogs[self._current]

    async def _open(self, name: str) -> None:
        self._current = name
        if name not in self._dialogs:
            flow = await SipSocket.open(self._transport, self._host, self._target)
            self._dialogs[name] = _Dialog(flow)
            self.played.call_ids[name] = self._dialog.call_id

    # --- signalling

    async def _send(self, step: Step) -> None:
        method, *parts = step.words
        dialog = self._dialog
        if "sdp" in parts:
            dialog.sdp_version += 1
            self._bind_lines()
        dialog.cseq += 1
        raw = self._message(method, step, dialog.cseq)
        sent_ns = time.time_ns()
        dialog.flow.send(raw)
        answer = await self._final(dialog.cseq, method)
        self._last = (sent_ns, time.time_ns())
        if method == "BYE":
            self.played.ended_ns[self._current] = self._last
        assert answer.status == int(step.values.get("expect", "200")), answer.start
        if method == "INVITE":
            self._established(answer, dialog, step)
        if answer.status == 200:
            self._check_answer(answer, dialog, method, parts)

    def _established(self, answer: Message, dialog: _Dialog, step: Step) -> None:
        _, _, tag = answer.first("to").partition(";tag=")
        dialog.to_tag = tag
        dialog.flow.send(self._ack(dialog, answer, step))
        if answer.status == 200:
            self.played.answered_ns.setdefault(self._current, self._last)

    async def _final(self, cseq: int, method: str) -> Message:
        """Wait for the final response; answers of before, sent again, are acknowledged again."""
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await self._dialog.flow.inbox.get()
                number, _, of = message.first("cseq").partition(" ")
                if message.status >= 200 and (int(number), of) == (cseq, method):
                    return message

    async def _expect_bye(self) -> None:
        """Let the recorder end the dialog, and answer."""
        dialog = self._dialog
        async with asyncio.timeout(WITHIN_S):
            while True:
                message = await dialog.flow.inbox.get()
                if message.start.startswith("BYE "):
                    break
        kept = ("via", "from", "to", "call-id", "cseq")
        lines = [f"{key}: {value}" for key, value in message.headers if key in kept]
        text = "\r\n".join(["SIP/2.0 200 OK", *lines, "Content-Length: 0", "", ""])
        self.played.ended_ns[self._current] = (time.time_ns(), time.time_ns())
        dialog.flow.send(text.encode())

    def _message(self, method: str, step: Step, cseq: int) -> bytes:
        dialog, values = self._dialog, self._values(method)
        body = self._form.body(
            dialog.state,
            with_sdp="sdp" in step.words,
            with_metadata="metadata" in step.words,
            **values,
        )
        branch = f"z9hG4bK{secrets.token_hex(6)}"
        lines = [*self._head(method, branch, cseq), *self._form.headers(dialog.state, **values)]
        if body.body:
            lines.append(f"Content-Type: {body.content_type}")
        return _raw(lines, body.body)

    def _ack(self, dialog: _Dialog, answer: Message, step: Step) -> bytes:
        lines = self._head("ACK", f"z9hG4bK{secrets.token_hex(6)}", dialog.cseq)
        lines += self._form.headers(dialog.state, **self._values("ACK"))
        if "sdp" in step.words or not answer.body:
            return _raw(lines, b"")
        # The offer was ours to answer: the lines that we have, to the ports that it names.
        self._bind_lines()
        values = self._values("ACK")
        written = self._form.body(dialog.state, with_sdp=True, with_metadata=False, **values)
        return _raw([*lines, f"Content-Type: {written.content_type}"], written.body)

    def _head(self, method: str, branch: str, cseq: int) -> list[str]:
        dialog, host, port = self._dialog, *self._dialog.flow.local[:2]
        target = f"{self._target[0]}:{self._target[1]}"
        return [
            f"{method} sip:srs@{target} SIP/2.0",
            f"Via: SIP/2.0/{self._transport.upper()} {host}:{port};branch={branch};rport",
            "Max-Forwards: 70",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {cseq} {method}",
        ]

    def _values(self, method: str) -> dict[str, Any]:
        dialog = self._dialog
        host, port = dialog.flow.local[:2]
        return {
            "method": method,
            "run": self._run,
            "host": host,
            "src": f"{host}:{port}",
            "srs": f"{self._target[0]}:{self._target[1]}",
            "transport": self._transport,
            "from_tag": dialog.from_tag,
            "to_tag": f";tag={dialog.to_tag}" if dialog.to_tag else "",
            "sdp_id": int(dialog.from_tag, 16),
            "sdp_version": dialog.sdp_version,
            "session_id": dialog.call_id * 2,
        }

    # --- answers

    def _check_answer(
        self, answer: Message, dialog: _Dialog, method: str, parts: list[str]
    ) -> None:
        """Check an answer by the rules of the specification (protocols 3)."""
        self.played.answers += 1
        if method == "BYE" or (method == "UPDATE" and "sdp" not in parts):
            assert answer.body == b"", "a body where none belongs"
            return
        assert answer.first("content-type") == "application/sdp"
        media = _media(answer.body)
        lines = [dialog.state.lines[number] for number in sorted(dialog.state.lines)]
        if "sdp" not in parts:  # an offer of theirs
            assert len(media) >= 1
        else:
            assert len(media) == len(lines), f"{len(media)} m-lines for {len(lines)}"
            for own, line in zip(media, lines, strict=True):
                _check_line(own, line, self._form.name)
        codecs = {one["codec"] for one in media if one["port"] != "0"}
        assert len(codecs) <= 1, f"several codecs: {codecs}"
        dialog.ports = [int(one["port"]) for one in media]

    # --- media

    def _bind_lines(self) -> None:
        dialog = self._dialog
        for number, line in dialog.state.lines.items():
            if number not in dialog.sources:
                dialog.sources[number] = Source(self._host)
            line.port = dialog.sources[number].port

    def _new_source(self, number: int) -> None:
        self._dialog.sources.pop(number).sock.close()
        self._dialog.sources[number] = Source(self._host)
        self._dialog.state.lines[number].port = self._dialog.sources[number].port

    async def _talk(self, step: Step) -> None:
        """Let people speak for a while, in this dialog or in several at once (`in=a,b`)."""
        length_ms, *people = step.words
        names = step.values.get("in", self._current).split(",")
        voices, said = [], []
        for name in names:
            dialog = self._dialogs[name]
            by_line: dict[int, list[str]] = {}
            for word in people:
                who, _, line = word.partition("@")
                number = int(line) if line else dialog.state.party(who).line
                by_line.setdefault(number, []).append(who)
            for number, group in by_line.items():
                place = sorted(dialog.state.lines).index(number)
                target = (self._target[0], dialog.ports[place])
                of = dialog.state.lines[number]
                voices.append(Voice(tuple(group), of, dialog.sources[number], target))
                said += [(who, name, number, len(group)) for who in group]
        start_ns = time.time_ns()
        await speak(voices, int(length_ms))
        is_kept, end_ns = step.verb == "talk", time.time_ns()
        self.played.said += [
            Said(who, name, number, start_ns, end_ns, is_kept, mixed)
            for who, name, number, mixed in said
        ]


def _raw(lines: list[str], body: bytes) -> bytes:
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def _media(sdp: bytes) -> list[dict[str, str]]:
    """Take the m-lines of an answer apart."""
    found: list[dict[str, str]] = []
    assert sdp.endswith(b"\r\n"), "no line end at the end"
    for line in sdp.decode().split("\r\n"):
        if line.startswith("m="):
            words = line[2:].split()
            found.append({"port": words[1], "codec": words[3], "label": "", "direction": ""})
        elif found and line.startswith("a=label:"):
            found[-1]["label"] = line[8:]
        elif found and line[2:] in DIRECTIONS:
            found[-1]["direction"] = line[2:]
    return found


def _check_line(own: dict[str, str], line: Line, form: str) -> None:
    """Compare one m-line of an answer with the line offered."""
    if line.is_closed:
        assert own["port"] == "0", f"line {line.number} was closed"
        return
    assert own["port"] != "0", f"line {line.number} was refused"
    assert own["label"] == line.label, f"label {own['label']} for {line.label}"
    is_held = line.is_zero or line.direction in ("inactive", "recvonly")
    wanted = "inactive" if is_held else "recvonly"
    assert own["direction"] == wanted, f"line {line.number}: {own['direction']}, not {wanted}"
