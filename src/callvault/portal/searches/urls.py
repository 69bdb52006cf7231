"""Addresses of saved searches."""

from django.urls import path

from . import views

app_name = "searches"

urlpatterns = [
    path("", views.index, name="index"),
    path("new", views.create, name="create"),
    path("restore", views.restore, name="restore"),
    path("<uuid:search_id>", views.change, name="change"),
    path("<uuid:search_id>/replace", views.replace, name="replace"),
    path("<uuid:search_id>/delete", views.delete, name="delete"),
    path("<uuid:search_id>/default", views.default, name="default"),
]
