"""Messages in a vendor's own form: templates of headers, SDP, metadata and the body around them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.template import Context, Engine

from tests.dialogs.script import FOLDER
from tests.dialogs.state import DialogState

ENGINE = Engine(dirs=[str(FOLDER / "forms")], autoescape=False)


@dataclass(frozen=True)
class Written:
    """A body and its media type; empty: none."""

    content_type: str = ""
    body: bytes = b""


@dataclass(frozen=True)
class Form:
    """One vendor's way of writing."""

    name: str

    def headers(self, state: DialogState, **values: Any) -> list[str]:
        """Write From, To, Contact and what else the vendor sends; one line each."""
        text = _render(f"{self.name}/headers.txt", state, **values)
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    def body(
        self, state: DialogState, *, with_sdp: bool, with_metadata: bool, **values: Any
    ) -> Written:
        """Write the body."""
        sdp = self._sdp(state, **values) if with_sdp else ""
        metadata = _render(f"{self.name}/metadata.xml", state, **values) if with_metadata else ""
        kind, _, document = metadata.partition("\n")
        if with_sdp and with_metadata:
            text = _render(
                f"{self.name}/multipart.txt", state, sdp=sdp, metadata=document.strip(), **values
            )
            kind, _, document = text.partition("\n")
        elif with_sdp:
            kind, document = "application/sdp", sdp
        elif not with_metadata:
            return Written()
        return Written(
            kind.removeprefix("Content-Type:").strip(), self._wire(document.lstrip("\n"))
        )

    def _sdp(self, state: DialogState, **values: Any) -> str:
        own = FOLDER / "forms" / self.name / "sdp.txt"
        name = f"{self.name}/sdp.txt" if own.exists() else "sdp.txt"
        text = _render(name, state, **values)
        return "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"

    def _wire(self, text: str) -> bytes:
        """AudioCodes ends the lines of its bodies with a bare LF; the others as they should."""
        if self.name == "audiocodes":
            return text.encode()
        return text.replace("\n", "\r\n").encode()


def _render(name: str, state: DialogState, **values: Any) -> str:
    now = datetime.now(UTC)
    written: str = _template(name).render(
        Context(
            {
                "sessions": list(state.sessions.values()),
                "parties": state.parties,
                "lines": [state.lines[number] for number in sorted(state.lines)],
                "now": now.strftime("%Y-%m-%dT%H:%M:%S"),
                **state.variables,
                **values,
            },
            autoescape=False,
        )
    )
    return written


@cache
def _template(name: str) -> Any:
    return ENGINE.get_template(name)
