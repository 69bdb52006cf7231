"""Addresses of the audit log."""

from django.urls import path

from . import views

app_name = "audit"

urlpatterns = [
    path("", views.entries, name="log"),
    path("export.csv", views.export_csv, name="csv"),
    path("export.jsonl", views.export_json_lines, name="json_lines"),
]
