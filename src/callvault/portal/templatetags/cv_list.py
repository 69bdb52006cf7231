"""Tags of the list of recordings."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django import template
from django.contrib.messages.storage.base import Message
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callvault.portal import wording

register = template.Library()


@register.simple_tag
def start_of_row(moment: datetime) -> SafeString:
    """Write a start: day and time, the day apart so that a phone can leave today's out.

    The year stands only where it is not the current one; in the hour that is repeated in autumn
    the offset is added, since the same time is shown twice.
    """
    local, now = timezone.localtime(moment), timezone.localtime()
    pattern = "table" if local.year == now.year else "full"
    language = wording.language_named(translation.get_language())
    day, _comma, time = wording.written_date(local, pattern, language=language).partition(", ")
    return format_html(
        '<time datetime="{}"><span class="cv-day{}">{}, </span>{}{}</time>',
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        " cv-day--today" if local.date() == now.date() else "",
        day,
        time,
        _offset_if_repeated(local),
    )


def _offset_if_repeated(local: datetime) -> str:
    """Return " +02:00" for a time that the clock shows twice that night."""
    other = local.replace(fold=1 - local.fold)
    difference = (local.utcoffset() or timedelta()) - (other.utcoffset() or timedelta())
    later_is_smaller = difference > timedelta() if local.fold == 0 else difference < timedelta()
    return f" {local.isoformat()[-6:]}" if difference and later_is_smaller else ""


@dataclass(frozen=True, slots=True)
class Undo:
    """What a toast sends to undo what it tells of."""

    url: str
    ids: list[str]


@register.filter
def undo_of(message: Message) -> Undo | None:
    """Return how to undo what a message tells of (`deed_views.undo_by`); None: it cannot be."""
    word, *rest = (message.extra_tags or "").split() or [""]
    return Undo(rest[0], rest[1:]) if word == "undo" and len(rest) > 1 else None
