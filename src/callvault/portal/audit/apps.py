"""The application `audit`."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate

from . import triggers


class AuditConfig(AppConfig):
    """Models, pages and rules of `audit`."""

    name = "callvault.portal.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Have the triggers put up after each migration."""
        post_migrate.connect(_put_up_triggers, sender=self)


def _put_up_triggers(sender: object, using: str, **kwargs: Any) -> None:
    connection = connections[using]
    if triggers.STATEMENTS in connection.introspection.table_names():
        triggers.install(connection)
