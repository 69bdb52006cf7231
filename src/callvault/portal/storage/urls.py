"""Addresses of the storage settings."""

from django.urls import path

from . import views

app_name = "storage"

urlpatterns = [
    path("", views.index, name="index"),
    path("use", views.use, name="use"),
    path("move", views.move, name="move"),
    path("moving", views.moving, name="moving"),
    path("failed", views.failed, name="failed"),
    path("new/<slug:kind>", views.create, name="create"),
    path("<uuid:location_id>", views.location, name="location"),
    path("<uuid:location_id>/remove", views.remove, name="remove"),
]
