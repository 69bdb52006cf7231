"""The application `subjects`."""

from django.apps import AppConfig


class SubjectsConfig(AppConfig):
    """Models, pages and rules of `subjects`."""

    name = "callvault.portal.subjects"
    label = "subjects"
    default_auto_field = "django.db.models.BigAutoField"
