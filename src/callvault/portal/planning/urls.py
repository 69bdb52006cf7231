"""Addresses of the storage calculator."""

from django.urls import path

from . import views

app_name = "planning"

urlpatterns = [
    path("", views.index, name="index"),
    path("measured", views.measured, name="measured"),
    path("plan.csv", views.as_csv, name="csv"),
]
