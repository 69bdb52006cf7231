"""Addresses of backups."""

from django.urls import path

from . import views

app_name = "backups"

urlpatterns = [
    path("", views.backups, name="index"),
    path("now", views.make_one, name="now"),
]
