"""The tags of the design, rendered."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import Context, Template
from django.utils import timezone, translation

from callvault.portal.navigation import Entry, Section

MOMENT = datetime(2026, 11, 23, 13, 25, 30, tzinfo=UTC)


def rendered(source: str, **values: object) -> str:
    """Render a template that has our tags."""
    return Template("{% load cv_ui cv_forms %}" + source).render(Context(values)).strip()


def test_an_icon_without_a_name_is_hidden_from_assistive_technology() -> None:
    html = rendered('{% icon "search" %}')
    assert 'aria-hidden="true"' in html
    assert html.endswith('icons.svg#search"/></svg>')


def test_an_icon_with_a_name_is_an_image_of_that_name() -> None:
    html = rendered("{% icon 'x' label=name %}", name='Remove "Start"')
    assert 'role="img" aria-label="Remove &quot;Start&quot;"' in html


def test_a_moment_is_shown_in_the_readers_zone_and_carries_utc() -> None:
    with timezone.override(ZoneInfo("Europe/Rome")):
        html = rendered("{% when moment %}", moment=MOMENT)
    assert html == '<time datetime="2026-11-23T13:25:30Z">23 Nov 2026, 14:25:30</time>'


def test_no_moment_is_an_empty_cell() -> None:
    assert rendered("{% when moment %}", moment=None) == ""


def test_italian_has_its_own_months_and_separators() -> None:
    with translation.override("it"):
        told = rendered("{% when moment 'day' %} {{ count|grouped }}", moment=MOMENT, count=1284)
    assert told == '<time datetime="2026-11-23T13:25:30Z">23 nov 2026</time> 1.284'


def test_a_young_state_tells_its_age_and_an_old_one_its_moment() -> None:
    now = timezone.now()
    young = rendered("{% ago moment %}", moment=now - timedelta(minutes=2, seconds=5))
    old = rendered("{% ago moment %}", moment=MOMENT - timedelta(days=900))
    assert ("2\u00a0min ago" in young, "2024" in old) == (True, True)


def test_a_number_is_copied_without_its_spaces() -> None:
    html = rendered("{{ number|phone }}", number="+15550142")
    assert html == ('<span class="cv-phone" data-cv-copy="+15550142">+1\u00a0555\u00a00142</span>')


def test_what_people_typed_is_escaped() -> None:
    html = rendered("{{ number|phone }}", number='"><script>')
    assert "<script>" not in html


def test_a_fingerprint_breaks_only_between_groups_of_eight_bytes() -> None:
    digest = ":".join(["4F"] * 16)
    html = rendered("{{ digest|fingerprint }}", digest=digest)
    assert html.count("<wbr>") == 1
    assert (
        html.replace("<wbr>", "").replace('<span class="cv-nowrap">', "").replace("</span>", "")
        == digest
    )


@pytest.mark.parametrize(
    ("name", "initials"),
    [("Ann Keller", "AK"), ("rita.marsh", "RM"), ("Bruno", "B"), ("", ""), ("A B C", "AC")],
)
def test_initials_are_of_the_first_and_the_last_word(name: str, initials: str) -> None:
    assert rendered("{{ name|initials }}", name=name) == initials


def entries(count: int) -> tuple[Section, ...]:
    """Return a sidebar of one section."""
    return (Section("", tuple(Entry(f"e{n}", f"E{n}", f"/{n}", "x") for n in range(count))),)


@pytest.mark.parametrize(
    ("count", "shown", "more"), [(4, 4, "False"), (5, 3, "True"), (0, 0, "False")]
)
def test_the_phones_bar_has_four_places_of_which_the_last_may_be_more(
    count: int, shown: int, more: str
) -> None:
    source = "{{ nav|phone_entries|length }} {{ nav|has_more_entries }}"
    assert rendered(source, nav=entries(count)) == f"{shown} {more}"


class PeerForm(forms.Form):
    """A form with help and a rule to break."""

    name = forms.CharField(help_text="As people call it")
    mode = forms.ChoiceField(choices=[("a", "A")], required=False)
    active = forms.BooleanField(required=False)


def test_a_field_is_linked_to_its_help_and_to_its_errors() -> None:
    html = rendered("{% control form.name %}", form=PeerForm({"name": ""}))
    assert 'aria-describedby="id_name_help id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="cv-input"' in html


def test_each_sort_of_field_has_its_component() -> None:
    form = PeerForm()
    assert 'class="cv-select"' in rendered("{% control form.mode %}", form=form)
    assert "class=" not in rendered("{% control form.active %}", form=form)


def test_further_arguments_become_attributes() -> None:
    html = rendered('{% control form.name inputmode="tel" data_cv_search="" %}', form=PeerForm())
    assert 'inputmode="tel" data-cv-search=""' in html


def test_the_type_of_a_control_can_be_another() -> None:
    html = rendered('{% control form.name type="search" %}', form=PeerForm())
    assert html.startswith('<input type="search"')
    assert html.count("type=") == 1
