"""Addresses of the guide."""

from django.urls import path, register_converter

from . import views
from .names import StepName


class _StepConverter:
    regex = "|".join(StepName)

    def to_python(self, value: str) -> StepName:
        return StepName(value)

    def to_url(self, value: str) -> str:
        return value


register_converter(_StepConverter, "first_step")

app_name = "first_run"

urlpatterns = [
    path("", views.guide, name="guide"),
    path("end", views.end, name="end"),
    path("<first_step:name>/", views.step, name="step"),
    path("<first_step:name>/skip", views.skip, name="skip"),
]
