"""Addresses of the integrity page, and of the check of one recording."""

from django.urls import path

from . import views

app_name = "integrity"

urlpatterns = [
    path("settings/integrity/", views.integrity, name="settings"),
    path("recordings/<uuid:recording_id>/check", views.check, name="check"),
]
