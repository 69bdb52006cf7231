"""Addresses of retention."""

from django.urls import path

from . import views

app_name = "retention"

urlpatterns = [
    path("", views.retention, name="rule"),
    path("take-back", views.keep_rule, name="take_back"),
]
