"""Who is deactivated loses their tokens, whoever does it."""

from collections.abc import Collection
from typing import Any

from django.dispatch import receiver

from callvault.portal.people.leaving import deactivated

from .tokens import revoke_tokens_of


@receiver(deactivated)
def _deactivated(sender: object, people: Collection[int], **kwargs: Any) -> None:
    revoke_tokens_of(people)
