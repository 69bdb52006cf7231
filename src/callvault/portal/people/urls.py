"""Addresses of people."""

from django.urls import path

from . import views

app_name = "people"

urlpatterns = [
    path("", views.people, name="list"),
    path("new", views.create_person, name="create"),
    path("<uuid:public_id>", views.edit_person, name="person"),
    path("<uuid:public_id>/password", views.set_one_time_password, name="password"),
]
