"""Tags and filters of the portal's design: icons, times, numbers, durations, telephone numbers.

The wording is `portal.wording`; this module only binds it to templates and to the reader's
language and time zone. docs/reference/portal-components.md shows each in use.
"""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils import timezone, translation
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from callvault.portal import wording
from callvault.portal.configuration.menu import settings_menu
from callvault.portal.navigation import Entry, Section

register = template.Library()

SPRITE = "callvault/icons.svg"


def _language() -> wording.Language:
    """Return the conventions of the reader's language."""
    return wording.language_named(translation.get_language())


def _local(moment: datetime | date) -> datetime | date:
    """Return a moment in the reader's zone; a plain date stays what it is."""
    if isinstance(moment, datetime) and timezone.is_aware(moment):
        return timezone.localtime(moment)
    return moment


@register.simple_tag
def icon(name: str, size: int = 16, label: str = "", css: str = "") -> SafeString:
    """Draw an icon of the sprite: `{% icon "search" %}`, `{% icon "lock" size=20 %}`.

    Without `label` it is decoration and hidden from assistive technology; with one it is an image
    of that name, for an icon that stands without words. `name` must be in tools/icons.txt.
    """
    return _drawn(name, size, str(label), css)


@lru_cache(maxsize=2_000)
def _drawn(name: str, size: int, label: str, css: str) -> SafeString:
    """Draw it once: a list has three hundred."""
    classes = " ".join(filter(None, ("cv-icon", f"cv-icon--{size}" if size != 16 else "", css)))
    spoken = (
        format_html('role="img" aria-label="{}"', label)
        if label
        else mark_safe('aria-hidden="true"')
    )
    return format_html(
        '<svg class="{}" width="{}" height="{}" {} focusable="false"><use href="{}#{}"/></svg>',
        classes, size, size, spoken, static(SPRITE), name,
    )  # fmt: skip


@register.filter(name="duration")
def duration_filter(length_ms: int) -> str:
    """Write milliseconds as in tables: 6:12, 1:02:33."""
    return wording.duration(int(length_ms))


@register.filter(name="duration_prose")
def duration_prose_filter(length_ms: int) -> str:
    """Write milliseconds as in sentences: 6 min 12 s."""
    return wording.duration_prose(int(length_ms))


@register.filter(name="decimal_size")
def decimal_size_filter(size_bytes: int) -> str:
    """Write bytes in decimal units: 1.5 MB."""
    return wording.decimal_size(int(size_bytes), language=_language())


@register.filter(name="grouped")
def grouped_filter(number: float, decimals: int = 0) -> str:
    """Write a number with its thousands apart: 12,483; `{{ share|grouped:2 }}` with decimals."""
    return wording.grouped(number, decimals=int(decimals), language=_language())


@register.filter(name="phone_text")
def phone_text_filter(number: str) -> str:
    """Write a telephone number as people read it, as plain text (titles, names of buttons)."""
    return wording.phone_number(number)


@register.filter(name="phone")
def phone_filter(number: str) -> SafeString:
    """Write a telephone number that never breaks across lines and is copied without spaces."""
    return format_html(
        '<span class="cv-phone" data-cv-copy="{}">{}</span>', number, wording.phone_number(number)
    )


@register.simple_tag
def when(moment: datetime | date | None, pattern: str = "full") -> SafeString:
    """Write a moment in the reader's zone inside <time>, whose attribute carries UTC.

    Patterns: full (23 Nov 2026, 14:25:30), table (no year), title, short (no seconds), day, time.
    """
    if moment is None:
        return SafeString("")
    text = wording.written_date(_local(moment), pattern, language=_language())
    return format_html('<time datetime="{}">{}</time>', _machine_form(moment), text)


def _machine_form(moment: datetime | date) -> str:
    """Return the value of a `datetime` attribute: UTC, to the second; a date as it is."""
    if isinstance(moment, datetime):
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return moment.isoformat()


@register.filter(name="date_range")
def date_range_filter(first: date, last: date) -> str:
    """Write a range of days: `{{ from|date_range:until }}` names a shared month only once."""
    return wording.date_range(first, last, language=_language())


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """Write how long ago something was, below an hour; the moment itself from there on."""
    age = timezone.now() - moment
    if age.total_seconds() >= 3600:
        return when(moment, "short")
    text = wording.ago(age, language=_language())
    return format_html('<time datetime="{}">{}</time>', _machine_form(moment), text)


@register.filter(name="initials")
def initials_filter(name: str) -> str:
    """Return up to two initials of a person's name, for the avatar."""
    words = name.replace(".", " ").split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def fingerprint(digest: str) -> SafeString:
    """Write a fingerprint so that it breaks after eight bytes and nowhere else."""
    groups = [digest[at : at + 24] for at in range(0, len(digest), 24)]
    return format_html_join(mark_safe("<wbr>"), '<span class="cv-nowrap">{}</span>', zip(groups))


PHONE_BAR = 4  # places in the bar at the foot of a phone's screen


@register.filter
def phone_entries(sections: Iterable[Section]) -> list[Entry]:
    """Return the sidebar's entries that stand in the phone's bar; the last place may be "More"."""
    entries = _entries(sections)
    return entries if len(entries) <= PHONE_BAR else entries[: PHONE_BAR - 1]


@register.filter
def has_more_entries(sections: Iterable[Section]) -> bool:
    """Whether the phone's bar needs "More" for the rest of the sidebar."""
    return len(_entries(sections)) > PHONE_BAR


def _entries(sections: Iterable[Section]) -> list[Entry]:
    return [entry for section in sections or () for entry in section.entries]


@register.simple_tag(takes_context=True)
def settings_sections(context: template.RequestContext) -> tuple[Section, ...]:
    """Return the menu of the global settings: `{% settings_sections as sections %}`."""
    request = context.request
    return settings_menu(request.path) if request else ()
