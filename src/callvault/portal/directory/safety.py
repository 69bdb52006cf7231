"""The stop before a sync that would take away too many people. Pure."""

from collections.abc import Collection


def may_remove(
    removed: Collection[str], *, total: int, percent: int, approved: Collection[str] = ()
) -> bool:
    """Whether a sync may take these people away, out of `total` that the directory had.

    Who was approved on a preview does not count. One person may always go, so that small
    directories need no confirmation for each who leaves, unless the share is 0. All of several
    people never go unasked: that is a wrong base or filter rather than a farewell.
    """
    unasked = len(set(removed) - set(approved))
    if not unasked:
        return True
    if total > 1 and len(removed) >= total:
        return False
    allowed = max(1, total * percent // 100) if percent else 0
    return unasked <= allowed
