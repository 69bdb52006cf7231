"""The gate in parts: together all that a person may see, and nothing of it twice."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from callvault.policy.permissions import sees
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from callvault.portal.recordings.permissions import (
    actor_of,
    facts_of,
    groups_to_choose,
    own_parts_of,
    own_recordings_of,
    parts_visible_to,
    recordings_visible_to,
)
from tests.portal.catalogue_facts import Spoken, list_recording

NAMES = ("", "sales", "claims", "depot", "stores", " sales")


class Parts(TestCase):
    """Eighteen recordings of three people in six groups, and anybody who looks at them."""

    people: list[User]
    recordings: list[Recording]

    @classmethod
    def setUpTestData(cls) -> None:
        """List them once."""
        cls.people = [
            User.objects.create_user(f"person{one}", extension=str(3000 + one)) for one in range(3)
        ]
        cls.recordings = [
            list_recording(person, Spoken(group=group)) for person in cls.people for group in NAMES
        ]
        Recording.objects.filter(owner=cls.people[2], owner_group="stores").update(owner=None)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.sampled_from(range(3)),
        st.sampled_from(Level),
        st.sampled_from(NAMES),
        st.lists(st.sampled_from(NAMES), max_size=3),
        st.booleans(),
    )
    def test_parts_are_what_the_rules_say_and_none_twice(
        self, who: int, level: Level, group: str, additional: list[str], is_active: bool
    ) -> None:
        person = User.objects.get(pk=self.people[who].pk)
        person.level, person.group, person.is_active = level, group, is_active
        person.additional_groups = ";".join(additional)
        parts = parts_visible_to(person)
        in_parts = Counter(pk for part in parts for pk in part.rows.values_list("pk", flat=True))
        everything = Recording.objects.all()
        by_rule = {row.pk for row in everything if sees(actor_of(person), facts_of(row))}
        assert in_parts == Counter(by_rule)
        assert set(recordings_visible_to(person).values_list("pk", flat=True)) == by_rule
        own = [row.pk for part in own_parts_of(person) for row in part.rows]
        assert sorted(own) == sorted(own_recordings_of(person).values_list("pk", flat=True))
        for part in parts:
            groups = set(part.rows.values_list("owner_group", flat=True))
            assert part.group is None or groups <= {part.group}


@pytest.mark.django_db
def test_administrators_choose_among_the_groups_that_occur(ann: User, rita: User) -> None:
    assert groups_to_choose(rita) == []
    for group in ("sales", "", "depot", "sales"):
        list_recording(ann, Spoken(group=group))
    assert groups_to_choose(rita) == ["", "depot", "sales"]


def test_supervisors_choose_among_their_groups(sam: User) -> None:
    assert groups_to_choose(sam) == ["claims", "sales"]
