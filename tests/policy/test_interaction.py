"""Keys of a conversation: what links, within which bounds, and what never does."""

import pytest

from callvault.policy.interaction import MOST_KEYS, link_keys


def keys(*ids: str, trunk: str = "t1", dialog: str = "d1") -> set[str]:
    return set(link_keys(ids, trunk=trunk, dialog=dialog))


def shared(one: set[str], other: set[str]) -> int:
    return len(one & other)


def test_a_recording_without_ids_has_the_key_of_its_own_dialog() -> None:
    assert len(keys()) == 1
    assert keys() == keys()
    assert shared(keys(), keys(dialog="d2")) == 0


@pytest.mark.parametrize("kind", ["group", "session", "call"])
def test_ids_of_a_phone_system_link_on_its_own_trunk_only(kind: str) -> None:
    ids = f"{kind}:a1b2c3d4e5"
    assert shared(keys(ids), keys(ids, dialog="d2")) == 1
    assert shared(keys(ids), keys(ids, dialog="d2", trunk="t2")) == 0


@pytest.mark.parametrize("kind", ["sip_session", "tracking"])
def test_ids_of_the_call_itself_link_across_trunks(kind: str) -> None:
    ids = f"{kind}:a1b2c3d4e5"
    assert shared(keys(ids), keys(ids, dialog="d2", trunk="t2")) == 1


@pytest.mark.parametrize("value", ["1", "cs1", "", "+15550142", "390212345678", "call-1"])
def test_what_names_people_or_nothing_links_nobody(value: str) -> None:
    assert shared(keys(f"group:{value}"), keys(f"group:{value}", dialog="d2")) == 0


def test_an_id_of_one_kind_is_none_of_another() -> None:
    assert shared(keys("group:a1b2c3d4e5"), keys("session:a1b2c3d4e5", dialog="d2")) == 0


def test_keys_are_bounded_and_of_one_length() -> None:
    many = link_keys((f"group:a1b2c3d4{n}\udcff" for n in range(500)), trunk="t", dialog="d")
    assert len(many) == MOST_KEYS
    assert {len(one) for one in many} == {64}
