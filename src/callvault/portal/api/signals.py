"""Who is deactivated loses their tokens, whoever does it."""

from typing import Any

from django.db.models.signals import post_save
from django.dispatch import receiver

from callvault.portal.people.models import User

from .tokens import revoke_tokens_of


@receiver(post_save, sender=User)
def _saved(sender: object, instance: User, *, created: bool, **kwargs: Any) -> None:
    if not created and not instance.is_active:
        revoke_tokens_of(instance)
