"""Syncs against Debian's slapd: who comes, changes and goes, and what stops a sync."""

import socket
import threading
import time
import uuid
from collections.abc import Iterator
from typing import Any

import ldap
import pytest

from callvault.portal.audit.models import Action, AuditEntry
from callvault.portal.directory import ldap_session, reading
from callvault.portal.directory.credentials import Credentials
from callvault.portal.directory.faults import SourceFault
from callvault.portal.directory.ldap_session import session
from callvault.portal.directory.models import DirectoryPerson, Gone, Purpose, RunState
from callvault.portal.people.levels import Level
from callvault.portal.people.models import User
from callvault.portal.recordings.models import Recording
from tests.portal.catalogue_facts import list_recording
from tests.portal.directory.conftest import FEW, MakeSource, source_of, sync
from tests.portal.directory.slapd import LIMITED, PEOPLE, SLAPD, SUFFIX, Slapd, people, person
from tests.ports import free_ports

pytestmark = [pytest.mark.flow, pytest.mark.django_db]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    """A server with 5,000 people that gives 500 at a time."""
    if not SLAPD.exists():
        pytest.skip("no /usr/sbin/slapd: apt-get install slapd")
    server = Slapd(tmp_path_factory.mktemp("large"))
    server.load(people(5000))
    server.start()
    yield server
    server.stop()


# --- all of them


def test_five_thousand_people_come_once(large: Slapd, make_source: MakeSource) -> None:
    source = make_source(large)
    begun = time.monotonic()
    first = sync(source)
    middle = time.monotonic()
    second = sync(source)
    print(f"first {middle - begun:.2f} s, no change {time.monotonic() - middle:.2f} s")
    assert (first.state, first.counts) == (RunState.DONE, {"create": 5000})
    assert (second.state, second.counts) == (RunState.DONE, {"unchanged": 5000})
    assert User.objects.filter(extension="14711", username="p4711").exists()
    assert AuditEntry.objects.filter(action=Action.PERSON_CREATED).count() == 5000
    assert AuditEntry.objects.filter(action=Action.DIRECTORY_SYNCED).count() == 1


def test_a_list_that_the_server_cuts_short_takes_nobody_away(
    large: Slapd, slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd)
    sync(source)
    source.uris, source.ca_pem, source.bind_dn = [large.ldaps_uri], large.ca_pem, LIMITED
    source.save()
    run = sync(source)
    assert (run.state, run.fault_code) == (RunState.FAILED, "size_limit")
    assert User.objects.count() == FEW


def test_a_server_killed_in_mid_search_is_a_fault(
    large: Slapd, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_source(large)
    monkeypatch.setattr(reading, "TELL_EVERY", 700)
    with pytest.raises(SourceFault) as fault:
        reading.entries_in(source, on_progress=lambda _count: large.stop(kill=True))
    large.start()
    assert fault.value.code == "gone"
    assert large.authority


# --- one by one


def test_recordings_stay_with_who_is_renamed_and_with_nobody_when_deleted(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd)
    sync(source)
    ann = User.objects.get(username="p0001")
    list_recording(ann)
    connection = slapd.as_root()
    connection.rename_s(f"uid=p0001,{PEOPLE}", "uid=ann.new")
    assert sync(source).counts["change"] == 1
    ann.refresh_from_db()
    assert (ann.username, Recording.objects.get().owner) == ("ann.new", ann)
    connection.delete_s(f"uid=ann.new,{PEOPLE}")
    assert sync(source).counts["delete"] == 1
    assert Recording.objects.get().owner is None
    assert Recording.objects.get().owner_username == "p0001"
    deleted = AuditEntry.objects.get(action=Action.PERSON_DELETED)
    assert (deleted.object_id, deleted.detail["directory"]) == (str(ann.public_id), "Head office")
    assert deleted.detail["user"] == "ann.new"  # as when an administrator deletes
    connection.add_s(f"uid=p0001,{PEOPLE}", _added(1))
    connection.unbind_s()


def _added(number: int) -> list[tuple[str, list[bytes]]]:
    lines = [line.partition(": ") for line in person(number).splitlines() if ": " in line][1:]
    names = dict.fromkeys(name for name, _colon, _value in lines)
    return [(one, [value.encode() for name, _, value in lines if name == one]) for one in names]


def test_numbers_change_hands_in_one_sync(slapd: Slapd, make_source: MakeSource) -> None:
    source = make_source(slapd)
    sync(source)
    slapd.change(f"uid=p0002,{PEOPLE}", telephoneNumber="10003")
    slapd.change(f"uid=p0003,{PEOPLE}", telephoneNumber="10002")
    run = sync(source)
    slapd.change(f"uid=p0002,{PEOPLE}", telephoneNumber="10002")
    slapd.change(f"uid=p0003,{PEOPLE}", telephoneNumber="10003")
    assert (run.state, run.counts["change"]) == (RunState.DONE, 2)
    assert User.objects.get(username="p0002").extension == "10003"


def test_a_preview_changes_nothing_and_can_be_applied(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd)
    preview = sync(source, Purpose.PREVIEW)
    assert (preview.state, preview.counts) == (RunState.PREVIEWED, {"create": FEW})
    assert len(preview.rows) == FEW
    assert User.objects.count() == 0


def test_too_many_who_leave_stop_the_sync_until_somebody_approves(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd)
    sync(source)
    source.search_filter = "(&(objectClass=inetOrgPerson)(!(uid=p001*)))"
    source.save()
    stopped = sync(source)
    assert (stopped.state, User.objects.count()) == (RunState.STOPPED, FEW)
    gone = [row["key"] for row in stopped.rows if row.get("removes")]
    assert len(gone) == 10
    assert AuditEntry.objects.filter(action=Action.DIRECTORY_SYNC_STOPPED).exists()
    assert sync(source, approved=gone[:3]).state == RunState.STOPPED
    assert sync(source, approved=gone).state == RunState.DONE
    assert User.objects.count() == FEW - 10


def test_a_filter_that_finds_nobody_takes_nobody_away(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd, max_removed_percent=100)
    sync(source)
    source.search_filter = "(uid=nobody)"
    source.save()
    assert sync(source).state == RunState.STOPPED
    assert User.objects.count() == FEW


def test_who_is_gone_may_be_deactivated_and_comes_back(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd, gone=Gone.DEACTIVATE)
    sync(source)
    source.search_filter = "(&(objectClass=inetOrgPerson)(!(uid=p0004)))"
    source.save()
    sync(source)
    assert not User.objects.get(username="p0004").is_active
    source.search_filter = "(objectClass=inetOrgPerson)"
    source.save()
    sync(source)
    assert User.objects.get(username="p0004").is_active


def test_a_person_made_by_hand_is_adopted_with_level_and_password(
    slapd: Slapd, make_source: MakeSource
) -> None:
    hand = User.objects.create_user(
        "P0005", "a password kept here", level=Level.GROUP_SUPERVISOR, group="sales"
    )
    boss = User.objects.create_user("p0006", level=Level.ADMINISTRATOR)
    run = sync(make_source(slapd))
    assert run.counts == {"create": FEW - 2, "adopt": 1, "error": 1}
    hand.refresh_from_db()
    assert (hand.level, hand.group, hand.extension) == (Level.GROUP_SUPERVISOR, "sales", "10005")
    assert hand.check_password("a password kept here")
    assert not DirectoryPerson.objects.filter(person=boss).exists()


def test_active_directory_by_its_own_attributes(slapd: Slapd, make_source: MakeSource) -> None:
    guid = uuid.uuid4()
    sales = f"cn=Sales,{SUFFIX}"
    slapd.change(
        f"uid=p0007,{PEOPLE}",
        objectGUID=guid.bytes_le,
        sAMAccountName="ann.keller",
        userAccountControl="514",
        ipPhone="2014",
        memberOf=sales,
        thumbnail=b"\xff\xd8 a picture",
    )
    source = make_source(
        slapd,
        search_filter="(sAMAccountName=*)",
        id_attribute="objectGUID",
        active_attribute="userAccountControl",
        mapping={"username": ["sAMAccountName"], "extension": ["ipPhone"]},
        group_by="membership",
        group_rules=[[sales.upper(), "sales"]],
    )
    assert sync(source).counts == {"create": 1}
    ann = User.objects.get(username="ann.keller")
    assert (ann.extension, ann.group, ann.is_active) == ("2014", "sales", False)
    assert ann.directory_person.external_id == str(guid)
    source.mapping["department"] = ["thumbnail"]
    source.save()
    refused = sync(source)
    assert (refused.counts, refused.rows[0]["reason"]) == ({"error": 1}, "spoilt")


# --- what cannot be read


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"password": "wrong"}, "bind_refused"),
        ({"password": ""}, "bind_refused"),
        ({"ca_pem": ""}, "tls_untrusted"),
        ({"base_dns": [f"ou=Nowhere,{SUFFIX}"]}, "base_missing"),
        ({"base_dns": [SUFFIX]}, "referral"),
        ({"search_filter": "(&(uid=*)"}, "filter_wrong"),
    ],
)
def test_what_is_wrong_is_said(
    slapd: Slapd, make_source: MakeSource, changed: dict[str, Any], code: str
) -> None:
    run = sync(make_source(slapd, **changed))
    assert (run.state, run.fault_code) == (RunState.FAILED, code)
    assert "the reader's password" not in str(run.fault_values)


def test_starttls_is_spoken_and_the_certificate_checked(
    slapd: Slapd, make_source: MakeSource
) -> None:
    source = make_source(slapd, uris=[slapd.ldap_uri], security="starttls")
    assert len(reading.entries_in(source)) == FEW
    source.ca_pem = ""
    with pytest.raises(SourceFault, match="tls_untrusted"):
        reading.entries_in(source)


def test_a_server_that_is_away_is_passed_over(slapd: Slapd, make_source: MakeSource) -> None:
    (port,) = free_ports(1)
    source = make_source(slapd, uris=[f"ldaps://127.0.0.1:{port}", slapd.ldaps_uri])
    assert len(reading.entries_in(source)) == FEW


@pytest.mark.parametrize(
    ("days", "address", "code"), [(-1, "127.0.0.1", "tls_expired"), (60, "192.0.2.1", "tls_name")]
)
def test_a_bad_certificate_is_told_from_another(
    slapd: Slapd, make_source: MakeSource, days: int, address: str, code: str
) -> None:
    source = make_source(slapd)
    slapd.stop()
    slapd.certify(days=days, address=address)
    slapd.start()
    try:
        with pytest.raises(SourceFault) as fault:
            reading.entries_in(source)
    finally:
        slapd.stop()
        slapd.certify()
        slapd.start()
    assert fault.value.code == code


@pytest.mark.parametrize(
    ("security", "answer", "code"),
    [
        ("ldaps", b"", "tls_silent"),
        ("starttls", b"", "silent"),
        ("plain", b"", "silent"),
        ("ldaps", b"220 mail.example.com ESMTP\r\n", "tls_failed"),
        (
            "starttls",
            b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x02\x04\x00\x04\x00",
            "starttls_refused",
        ),
        ("starttls", b"\x30\x84\xff\xff\xff\xff", "starttls_refused"),
        ("plain", b"\x30\x84\xff\xff\xff\xff" + b"x" * 100, "silent"),
    ],
)
def test_a_server_that_hangs_or_talks_nonsense_is_given_up(
    slapd: Slapd, make_source: MakeSource, security: str, answer: bytes, code: str
) -> None:
    scheme = "ldaps" if security == "ldaps" else "ldap"
    with answering(answer) as port:
        source = source_of(slapd, uris=[f"{scheme}://127.0.0.1:{port}"], security=security)
        settings = reading.ldap_settings_of(source, Credentials(password="x"))
        begun = time.monotonic()
        with pytest.raises(SourceFault) as fault, session(settings, connect_s=0.2, limit_s=3):
            pass
    assert fault.value.code == code
    assert time.monotonic() - begun < 2


class answering:
    """A server on loopback that takes connections, says one thing and then nothing."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._held: list[socket.socket] = []

    def __enter__(self) -> int:
        threading.Thread(target=self._accept, daemon=True).start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        for one in self._held:
            one.close()

    def _accept(self) -> None:
        try:
            while True:
                taken, _ = self._listener.accept()
                self._held.append(taken)
                taken.sendall(self._answer)
        except OSError:
            return


def test_more_bytes_than_are_taken_end_the_session(
    slapd: Slapd, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_source(slapd)
    monkeypatch.setattr("callvault.portal.directory.ldap_channel.MAX_INCOMING_BYTES", 2000)
    with pytest.raises(SourceFault, match="too_large"):
        reading.entries_in(source)


def test_more_people_than_are_taken_are_a_fault(
    slapd: Slapd, make_source: MakeSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ldap_session, "MAX_ENTRIES", FEW - 1)
    with pytest.raises(SourceFault, match="too_many"):
        reading.entries_in(make_source(slapd))


def test_no_descriptor_and_no_thread_is_left_behind(slapd: Slapd, make_source: MakeSource) -> None:
    source = make_source(slapd)
    reading.entries_in(source)
    threads = threading.active_count()
    with socket.socket() as probe:
        first = probe.fileno()
    for _ in range(5):
        reading.entries_in(source)
    with socket.socket() as probe:
        assert probe.fileno() == first
    assert threading.active_count() == threads
    assert ldap.LIBLDAP_R  # the global lock of python-ldap would stall all sign-ins
