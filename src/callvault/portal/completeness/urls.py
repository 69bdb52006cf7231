"""Addresses of completeness."""

from django.urls import path

from . import views

app_name = "completeness"

urlpatterns = [
    path("", views.records, name="list"),
    path("imports/", views.imports, name="imports"),
    path("imports/<uuid:public_id>", views.one_import, name="import"),
    path("settings", views.settings, name="settings"),
    path("mappings/new", views.mapping, name="new_mapping"),
    path("mappings/<uuid:public_id>", views.mapping, name="mapping"),
    path("mappings/<uuid:public_id>/delete", views.drop_mapping, name="drop_mapping"),
]
