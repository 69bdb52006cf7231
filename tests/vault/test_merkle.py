"""Merkle trees: the tree of RFC 6962, and that a path proves one leaf at one place only."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callvault.vault.merkle import leaf_hash, node_hash, paths_to, root_by, root_of

LEAVES = st.lists(st.binary(max_size=8).map(leaf_hash), min_size=1, max_size=70)


def by_definition(leaves: list[bytes]) -> bytes:
    """The tree as RFC 6962, section 2.1 defines it: split at the largest power of two below."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def test_roots_are_those_of_known_trees() -> None:
    # The first leaves of the test tree that implementations of RFC 6962 share.
    leaves = [leaf_hash(one) for one in (b"", b"\x00", b"\x10", b"\x20\x21")]
    assert [root_of(leaves[:size]).hex() for size in range(4)] == [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    ]


@given(LEAVES)
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert root_of(leaves) == by_definition(leaves)


@given(LEAVES, st.data())
def test_each_leaf_is_proved_by_its_path(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    [path] = paths_to(leaves, [index])
    assert root_by(leaves[index], index, len(leaves), path) == root_of(leaves)
    assert len(path) <= (len(leaves) - 1).bit_length()


@given(LEAVES, st.data())
def test_nothing_else_is_proved_by_it(leaves: list[bytes], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(leaves) - 1))
    [path], root = paths_to(leaves, [index]), root_of(leaves)
    assert root_by(leaf_hash(b"another one"), index, len(leaves), path) != root
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        changed = [*path[:at], sha256(path[at]).digest(), *path[at + 1 :]]
        assert root_by(leaves[index], index, len(leaves), changed) != root
        with pytest.raises(ValueError, match="too short"):
            root_by(leaves[index], index, len(leaves), path[:-1])
    with pytest.raises(ValueError, match="too long"):
        root_by(leaves[index], index, len(leaves), [*path, root])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_place_outside_of_the_tree_is_refused(index: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"leaf {index} of {size}"):
        root_by(leaf_hash(b""), index, size, [])
    with pytest.raises(ValueError, match=f"leaf {index} of {size}"):
        paths_to([leaf_hash(b"")] * size, [index])
