"""Merkle trees over the entries of a day: root, path of one entry, and what a path leads to. Pure.

The tree is that of RFC 6962, section 2.1: leaves and inner nodes are hashed with a byte of their
own before them, so that neither passes for the other, and no leaf is ever counted twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two nodes."""
    return sha256(_NODE + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the root over hashes of leaves; of none, the hash of nothing."""
    level = list(leaves)
    if not level:
        return sha256(b"").digest()
    while len(level) > 1:
        level = _above(level)
    return level[0]


def paths_to(leaves: Sequence[bytes], indices: Iterable[int]) -> list[list[bytes]]:
    """Return for each leaf the nodes that lead to the root, the lowest first."""
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        levels.append(_above(levels[-1]))
    return [_path(levels, index) for index in indices]


def _path(levels: list[list[bytes]], index: int) -> list[bytes]:
    if not 0 <= index < len(levels[0]):
        raise ValueError(f"leaf {index} of {len(levels[0])}")
    path = []
    for level in levels[:-1]:
        beside = index ^ 1
        if beside < len(level):  # the last of an odd level has none, and goes up as it is
            path.append(level[beside])
        index //= 2
    return path


def root_by(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root to which a path leads in a tree of `size` leaves (RFC 9162, 2.1.3.2).

    Raises ValueError for a path that is too long or too short for that place.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    node, last, rest = leaf, size - 1, iter(path)
    while last:
        if index % 2:
            node = node_hash(_next(rest), node)
        elif index < last:
            node = node_hash(node, _next(rest))
        index, last = index // 2, last // 2
    if next(rest, None) is not None:
        raise ValueError("the path is too long")
    return node


def _next(path: Iterator[bytes]) -> bytes:
    found = next(path, None)
    if found is None:
        raise ValueError("the path is too short")
    return found


def _above(level: list[bytes]) -> list[bytes]:
    pairs = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + level[-1:] if len(level) % 2 else pairs
