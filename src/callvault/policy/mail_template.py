"""Templates of mails about recordings: text with tags in square brackets (NOTE-2).

Tags are those of the product whose templates people bring along, and one of ours that leads to the
portal. A template is never a program: a tag is replaced by its value, what stands in brackets and
is no tag stays as it is, and a value is not read again for tags.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

TAGS = (
    "RecordingID",
    "Username",
    "UserExtension",
    "UserFirstName",
    "UserLastName",
    "UserNumericUserID",
    "RemotePhoneNumber",
    "RecordingStartDate",
    "RecordingStartTime",
    "RecordingDuration",
    "RecordingGroupName",
    "PBXCallID",
    "CallDirection",
    "RecordingPilotNumber",
    "AttachmentFileSize",
    "MaxAttachmentSize",
    "RecordingLink",
)
LONGEST_SUBJECT = 200
LONGEST_BODY = 20_000

_BRACKETS = re.compile(r"\[([A-Za-z][A-Za-z0-9]{0,63})\]")
_KNOWN = frozenset(TAGS)
_BY_FOLDED = {tag.lower(): tag for tag in TAGS}


@dataclass(frozen=True, slots=True)
class UnknownTag:
    """A word in brackets that is no tag; `meant` is the tag that is most like it, if any is."""

    tag: str
    meant: str = ""


def filled(template: str, values: Mapping[str, str]) -> str:
    """Return the template with its tags replaced; a tag without a value becomes nothing."""

    def value(found: re.Match[str]) -> str:
        tag = found[1]
        return values.get(tag, "") if tag in _KNOWN else found[0]

    return _BRACKETS.sub(value, template)


def unknown_tags(template: str) -> tuple[UnknownTag, ...]:
    """Return the words in brackets that are no tags, in their order, each once."""
    words = dict.fromkeys(word for word in _BRACKETS.findall(template) if word not in _KNOWN)
    return tuple(UnknownTag(word, _meant(word)) for word in words)


def clock_time(seconds: int) -> str:
    """Return a length of time as `hh:mm:ss`; hours go on beyond 24."""
    minutes, left = divmod(max(seconds, 0), 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{left:02}"


def size_kb(size_bytes: int) -> int:
    """Return a size in KB of 1,024 bytes, rounded up: a file that is there is never of 0 KB."""
    return -(-size_bytes // 1024)


def _meant(word: str) -> str:
    close = get_close_matches(word.lower(), _BY_FOLDED, n=1, cutoff=0.75)
    return _BY_FOLDED[close[0]] if close else ""
