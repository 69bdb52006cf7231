"""Addresses of directories and their runs."""

from django.urls import path

from . import run_views, views

app_name = "directory"

urlpatterns = [
    path("", views.index, name="index"),
    path("new/<slug:flavour>", views.create_source, name="create"),
    path("<uuid:public_id>", views.show_source, name="source"),
    path("<uuid:public_id>/edit", views.edit_source, name="edit"),
    path("<uuid:public_id>/delete", views.delete_source, name="delete"),
    path("<uuid:public_id>/run", run_views.ask, name="ask"),
    path("runs/<uuid:public_id>", run_views.show_run, name="run"),
    path("runs/<uuid:public_id>/cancel", run_views.cancel, name="cancel"),
    path("runs/<uuid:public_id>/apply", run_views.apply, name="apply"),
]
