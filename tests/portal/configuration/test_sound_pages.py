"""Own sounds of dial-in calls: brought, heard, used and given up by administrators (CAP-3)."""

from typing import ClassVar

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from callvault.audio.prompt_files import as_wav, read_prompt
from callvault.policy.prompts import Announcement, OwnSound, OwnSounds
from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.configuration.models import PilotNumbers, PolicyRevision, PromptSound
from callvault.portal.people.models import User
from callvault.portal.snapshot import build_snapshot
from tests.audio.test_prompt_files import wav
from tests.portal.gated import GatedViewTest, check_policy

pytestmark = pytest.mark.django_db
PAGE = "/settings/pilot-numbers"
SOUNDS = f"{PAGE}/sounds"
SAID = OwnSound(*read_prompt(wav(), shortest_s=0.05, longest_s=15))


@pytest.fixture
def used(rita_client: Client) -> Client:
    """An administrator who uses an own announcement."""
    bring(rita_client)
    decide(rita_client, "use")
    return rita_client


class TestListening(GatedViewTest):
    """For administrators."""

    url: ClassVar[str] = f"{SOUNDS}/announcement/own.wav"

    @pytest.fixture(autouse=True)
    def _used(self) -> None:
        PromptSound.objects.create(
            kind="announcement", is_draft=False, file_name="a.wav", ulaw=b"\xff", alaw=b"\xd5"
        )


def bring(client: Client, content: bytes = b"", kind: str = "announcement") -> int:
    file = SimpleUploadedFile("ours.wav", content or wav(), "audio/wav")
    return client.post(f"{SOUNDS}/{kind}", {"file": file}).status_code


def decide(client: Client, deed: str, kind: str = "announcement") -> int:
    return client.post(f"{SOUNDS}/{kind}/decide", {"do": deed}).status_code


def test_a_sound_is_heard_before_it_is_used_and_then_said(rita_client: Client) -> None:
    assert bring(rita_client) == 302
    check_policy(page := rita_client.get(PAGE))
    assert "ours.wav" in page.content.decode()
    heard = rita_client.get(f"{SOUNDS}/announcement/draft.wav")
    assert (heard["Content-Type"], heard.content) == ("audio/wav", as_wav(SAID.ulaw))
    assert build_snapshot().sounds == OwnSounds()
    revision = PolicyRevision.current()
    assert decide(rita_client, "use") == 302
    snapshot = build_snapshot()
    assert snapshot.sounds == OwnSounds(announcement=SAID)
    assert snapshot.prompts.announcement is Announcement.OWN
    assert PolicyRevision.current() > revision
    entry = AuditEntry.objects.get(action=Action.SETTINGS_CHANGED)
    assert entry.detail["old"] == {"announcement_sound": "", "announcement": ""}
    assert entry.detail["new"] == {
        "announcement_sound": "ours.wav (1.0 s)",
        "announcement": "own",
    }
    assert rita_client.get(f"{SOUNDS}/announcement/draft.wav").status_code == 404
    assert rita_client.get(f"{SOUNDS}/announcement/own.wav").status_code == 200


def test_a_tone_is_used_and_given_up_and_says_nothing_of_the_announcement(
    rita_client: Client,
) -> None:
    assert bring(rita_client, kind="beep") == 302
    assert decide(rita_client, "use", "beep") == 302
    assert build_snapshot().sounds == OwnSounds(beep=SAID)
    assert decide(rita_client, "stock", "beep") == 302
    assert build_snapshot().sounds == OwnSounds()
    assert PilotNumbers.load().announcement == ""
    changed = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).order_by("at")
    assert [one.detail["new"] for one in changed] == [
        {"beep_sound": "ours.wav (1.0 s)"},
        {"beep_sound": ""},
    ]


def test_a_draft_that_is_not_liked_is_forgotten(rita_client: Client) -> None:
    bring(rita_client)
    assert decide(rita_client, "forget") == 302
    assert not PromptSound.objects.exists()
    assert not AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).exists()


def test_who_gives_up_an_own_announcement_has_the_english_one_and_not_none(used: Client) -> None:
    assert decide(used, "stock") == 302
    snapshot = build_snapshot()
    assert (snapshot.sounds, snapshot.prompts.announcement) == (OwnSounds(), Announcement.ENGLISH)


def test_another_sound_takes_the_place_of_the_one_in_use(used: Client) -> None:
    bring(used, wav(0.5))
    decide(used, "use")
    assert PromptSound.objects.get().length_ms == 500
    last = AuditEntry.objects.filter(action=Action.SETTINGS_CHANGED).order_by("-at")[0]
    assert last.detail["old"] == {"announcement_sound": "ours.wav (1.0 s)"}


def test_an_own_announcement_is_chosen_only_where_there_is_one(
    rita_client: Client, used: Client
) -> None:
    typed = {"announcement": "own", "version": str(PilotNumbers.load().version)}
    assert rita_client.post(PAGE, typed).status_code == 302
    decide(used, "stock")
    typed["version"] = str(PilotNumbers.load().version)
    assert rita_client.post(PAGE, typed).status_code == 422


def test_an_older_form_is_not_saved_over_a_sound_that_somebody_used(used: Client) -> None:
    assert used.post(PAGE, {"announcement": "fr", "version": "0"}).status_code == 422
    assert build_snapshot().prompts.announcement is Announcement.OWN


def test_what_somebody_else_took_away_is_not_used(rita_client: Client) -> None:
    for deed in ("use", "stock"):
        answer = rita_client.post(f"{SOUNDS}/beep/decide", {"do": deed}, follow=True)
        assert "nothing was done" in answer.content.decode()


@pytest.mark.parametrize(
    ("content", "kind", "told"),
    [
        (b"no sound at all", "announcement", "no WAV file"),
        (wav(rate=44_100), "beep", "8 or 16 kHz"),
        (wav(2.1), "beep", "longer than 2 seconds"),
        (bytes(1_000_001), "announcement", "larger than 1 MB"),
    ],
)
def test_what_cannot_be_said_is_refused_in_its_place(
    rita_client: Client, content: bytes, kind: str, told: str
) -> None:
    file = SimpleUploadedFile("ours.wav", content, "audio/wav")
    answer = rita_client.post(f"{SOUNDS}/{kind}", {"file": file})
    assert answer.status_code == 422
    assert told in answer.content.decode()
    assert not PromptSound.objects.exists()


def test_nobody_else_brings_or_uses_a_sound(rita_client: Client, sam: User) -> None:
    supervisor = Client()
    supervisor.force_login(sam)
    assert bring(supervisor) in (403, 404)
    bring(rita_client)
    assert decide(supervisor, "use") in (403, 404)
    assert PromptSound.objects.get().is_draft


@pytest.mark.parametrize("path", ["voice/decide", "voice", "voice/own.wav", "beep/decide"])
def test_there_are_no_other_sounds_and_deeds(rita_client: Client, path: str) -> None:
    method = rita_client.get if path.endswith("wav") else rita_client.post
    assert method(f"{SOUNDS}/{path}").status_code == 404
