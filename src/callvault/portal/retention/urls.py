"""Addresses of retention."""

from django.urls import path

from . import views

app_name = "retention"

urlpatterns = [
    path("", views.retention, name="rule"),
    path("resume", views.resume_sweeping, name="resume"),
    path("take-back", views.keep_rule, name="take_back"),
]
