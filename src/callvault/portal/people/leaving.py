"""That people were deactivated: what lets them in ends for good, whoever deactivated them.

A row saved by itself tells (`signals`). Whoever writes many at once, past `save`, calls
`end_access`; else sessions and tokens would come back with the person.
"""

from collections.abc import Collection

from django.dispatch import Signal

from .models import User

deactivated = Signal()  # people: primary keys


def end_access(people: Collection[int]) -> None:
    """End what these people are let in by, in the transaction that deactivates them."""
    if people:
        deactivated.send(sender=User, people=list(people))
