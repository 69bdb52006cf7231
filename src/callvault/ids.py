"""Identifiers that people and addresses see: random, so that none can be guessed."""

from uuid import UUID, uuid4


def new_id() -> UUID:
    """Return a random (version 4) identifier."""
    return uuid4()
