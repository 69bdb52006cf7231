"""The interaction on the page of a recording, and its mark in the lists: what each reader sees."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.test import Client

from callvault.finalise.catalogue import ParticipantSpan, TimelineItem
from callvault.policy.decision import Direction, Party
from callvault.portal.configuration.plan_reading import plan_reader
from callvault.portal.people.models import User
from callvault.portal.recordings.interaction_page import (
    InteractionView,
    Lane,
    Span,
    interaction_view,
    parts_told,
)
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import STARTED, Spoken, list_recording

pytestmark = pytest.mark.django_db

CALLER = Party("+15550142", "Dana Webb")


def part(
    together: UUID,
    *,
    minute: int = 0,
    participants: tuple[ParticipantSpan, ...] = (),
    timeline: tuple[TimelineItem, ...] = (),
) -> Spoken:
    return Spoken(
        remote=CALLER,
        interaction_id=together,
        started_at=STARTED + timedelta(minutes=minute),
        duration_ms=60_000,
        participants=participants,
        timeline=timeline,
    )


@pytest.fixture
def conversation(ann: User, sam: User, otto: User) -> list[Recording]:
    """Ann takes a call, Sam takes it over, Otto of another group in the end."""
    together = uuid4()
    people = (
        ParticipantSpan("Dana Webb", "+15550142", 0, 60_000),
        ParticipantSpan("Ann Keller", "2014", 0, 60_000, is_owner=True),
        ParticipantSpan("Erin Walsh", "+15550177", 30_000, 45_000),
    )
    timeline = (
        TimelineItem(0, "answered", who="Ann Keller"),
        TimelineItem(10_000, "held", 12_000, who="Ann Keller"),
        TimelineItem(60_000, "ended"),
    )
    return [
        list_recording(ann, part(together, participants=people, timeline=timeline)),
        list_recording(sam, part(together, minute=3)),
        list_recording(otto, part(together, minute=4)),
    ]


def view(user: User, recording: Recording) -> InteractionView:
    found = interaction_view(user, recording, plan_reader())
    assert found is not None
    return found


def test_a_supervisor_sees_the_parts_of_the_own_groups(
    sam: User, conversation: list[Recording]
) -> None:
    seen = view(sam, conversation[0])
    assert [(one.number, one.owner_name, one.is_current) for one in seen.parts] == [
        (1, "Ann Keller", True),
        (2, "Sam Whitlock", False),
    ]
    assert (seen.previous, seen.next) == (None, seen.parts[1])
    assert view(sam, conversation[1]).previous is not None
    assert seen.parts[0].remote == "Dana Webb"


def test_an_administrator_sees_all(rita: User, conversation: list[Recording]) -> None:
    seen = view(rita, conversation[1])
    assert (seen.current.number, len(seen.parts)) == (2, 3)


def test_nobody_learns_of_hidden_parts(
    client: Client, otto: User, ann: User, conversation: list[Recording]
) -> None:
    assert interaction_view(otto, conversation[2], plan_reader()) is None
    client.force_login(ann)
    url = f"/recordings/{conversation[0].recording_id}/"
    page = client.get(url).content.decode()
    assert "Who took part" in page  # Erin came and went
    assert "Part 1 of" not in page
    assert "Sam Whitlock" not in page
    assert str(conversation[1].recording_id) not in page
    mine = client.get("/recordings/mine/").content.decode()
    assert "Part " not in mine


def test_lanes_tell_who_took_part_when_across_the_parts(
    sam: User, conversation: list[Recording]
) -> None:
    seen = view(sam, conversation[0])
    # Two minutes of sound; the two minutes between them are drawn as 30 of 1000.
    assert seen.lanes == (
        Lane(
            "Dana Webb",
            "remote",
            (Span(0, 485, "there", "0:00 to 1:00"), Span(515, 485, "there", "0:00 to 1:00")),
        ),
        Lane("Ann Keller", "owner", (Span(0, 485, "there", "0:00 to 1:00"),)),
        Lane("Erin Walsh", "remote", (Span(243, 121, "there", "0:30 to 0:45"),)),
        Lane("Sam Whitlock", "owner", (Span(515, 485, "there", "0:00 to 1:00"),)),
    )
    assert [one.kind for one in seen.bars] == ["current", "hold", "part"]


def test_owners_keep_their_lanes_and_others_are_counted(
    client: Client, rita: User, ann: User, sam: User
) -> None:
    together = uuid4()
    guests = tuple(ParticipantSpan(f"Guest {n}", f"+155501{n}", 0, 60_000) for n in range(20, 40))
    ann_here = ParticipantSpan("Ann Keller", "2014", 0, 60_000, is_owner=True)
    first = list_recording(ann, part(together, participants=(*guests, ann_here)))
    list_recording(sam, part(together, minute=3))
    seen = view(rita, first)
    labels = [lane.label for lane in seen.lanes]
    assert labels == [*(f"Guest {n}" for n in range(20, 30)), "Ann Keller", "Sam Whitlock"]
    assert seen.more_people == 11  # ten guests, and whom Sam spoke with
    client.force_login(rita)
    page = client.get(f"/recordings/{first.recording_id}/").content.decode()
    assert "11 more people took part." in page


def test_events_of_all_parts_stand_in_order_and_lead_to_their_moment(
    sam: User, conversation: list[Recording]
) -> None:
    seen = view(sam, conversation[1])
    assert [(one.part.number, one.entry.title) for one in seen.events] == [
        (1, "Answered"),
        (1, "Put on hold"),
        (1, "Ended"),
    ]
    assert seen.events[1].url == f"/recordings/{conversation[0].recording_id}/?t=10"


def test_the_page_leads_to_the_part_before_and_after(
    client: Client, sam: User, conversation: list[Recording]
) -> None:
    client.force_login(sam)
    page = client.get(f"/recordings/{conversation[1].recording_id}/").content.decode()
    before = f'<a rel="prev" href="/recordings/{conversation[0].recording_id}/">'
    assert before in page
    assert '<a rel="next"' not in page  # the turn to the next recording is another link
    assert "Part 2 of 2" in page


def test_of_many_parts_those_around_the_one_looked_at_are_shown(
    client: Client, rita: User, ann: User
) -> None:
    together = uuid4()
    rows = [list_recording(ann, part(together, minute=minute)) for minute in range(30)]
    numbers = [[one.number for one in view(rita, rows[at]).parts] for at in (0, 14, 29)]
    assert numbers == [list(range(1, 21)), list(range(5, 25)), list(range(11, 31))]
    client.force_login(rita)
    page = client.get(f"/recordings/{rows[29].recording_id}/").content.decode()
    assert "Part 30 of 30" in page
    assert "Parts 11 to 30 of 30 are shown." in page
    assert (
        "are shown."
        not in client.get(f"/recordings/{list_recording(ann).recording_id}/").content.decode()
    )


def test_a_call_of_two_people_has_nothing_to_show(ann: User) -> None:
    assert interaction_view(ann, list_recording(ann), plan_reader()) is None


def test_the_list_marks_parts_of_those_that_are_visible(
    client: Client, sam: User, rita: User, conversation: list[Recording]
) -> None:
    alone = list_recording(sam, Spoken(direction=Direction.OUT))
    rows = [*conversation, alone]
    numbers = [row.record_number for row in rows]
    assert parts_told(sam, rows) == {numbers[0]: "Part 1 of 2", numbers[1]: "Part 2 of 2"}
    assert parts_told(rita, rows[:1]) == {
        number: f"Part {place} of 3" for place, number in enumerate(numbers[:3], 1)
    }
    client.force_login(sam)
    page = client.get("/recordings/").content.decode()
    assert page.count(">Part 1 of 2<") == page.count(">Part 2 of 2<") == 1


def test_a_long_conversation_still_shows_the_recording_that_is_open(rita: User, ann: User) -> None:
    together = uuid4()
    rows = [list_recording(ann, part(together, minute=2 * n)) for n in range(23)]
    seen = view(rita, rows[22])
    assert seen.current.is_current
    assert len(seen.parts) == 20
