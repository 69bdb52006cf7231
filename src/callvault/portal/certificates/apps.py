"""The application `certificates`."""

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    """Models, pages and rules of `certificates`."""

    name = "callvault.portal.certificates"
    label = "certificates"
    default_auto_field = "django.db.models.BigAutoField"
