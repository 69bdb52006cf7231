"""Addresses of the global settings."""

from django.urls import path

from . import views

app_name = "configuration"

urlpatterns = [
    path("", views.index, name="index"),
    path("trunks/", views.trunks, name="trunks"),
    path("trunks/new", views.create_trunk, name="create_trunk"),
    path("trunks/<uuid:public_id>", views.edit_trunk, name="trunk"),
    path("trunks/<uuid:public_id>/delete", views.delete_trunk, name="delete_trunk"),
]
