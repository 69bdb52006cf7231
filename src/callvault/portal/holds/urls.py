"""Addresses of legal holds."""

from django.urls import path

from . import views

app_name = "holds"

urlpatterns = [
    path("", views.holds, name="index"),
    path("new", views.new_hold, name="new"),
    path("recordings", views.hold_recordings, name="recordings"),
    path("<uuid:public_id>", views.hold, name="hold"),
    path("<uuid:public_id>/release", views.release, name="release"),
]
