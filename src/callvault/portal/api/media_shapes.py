"""How the description tells of answers that are media: whole, or the range asked for."""

from typing import Any, Literal

from pydantic import Field

from .shapes import Taken

Answers = dict[int, dict[str, Any]]


def _answers(what: str, kind: str, schema: dict[str, Any]) -> Answers:
    content = {kind: {"schema": schema}}
    return {
        200: {"description": what, "content": content},
        206: {"description": "The range asked for.", "content": content},
        416: {"description": "No byte of the range exists."},
    }


AUDIO = _answers("The MP3.", "audio/mpeg", {"type": "string", "contentMediaType": "audio/mpeg"})
PEAKS = _answers("The peaks.", "application/json", {"type": "object"})
SIGNALLING = _answers("Signalling and metadata.", "text/plain", {"type": "string"})
COPIES: Answers = {
    200: {
        "description": "The WAV or FLAC.",
        "content": {
            kind: {"schema": {"type": "string", "contentMediaType": kind}}
            for kind in ("audio/wav", "audio/flac")
        },
    }
}


class CopyQuery(Taken):
    """How a copy is made."""

    channels: Literal["two", "mix"] = Field("two", description="mix: both voices on one.")
