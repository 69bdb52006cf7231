"""Addresses of data export."""

from django.urls import path

from . import queue_views, views

app_name = "exports"

urlpatterns = [
    path("", views.settings_page, name="settings"),
    path("backfill", views.backfill, name="backfill"),
    path("queue", queue_views.queue, name="queue"),
    path("queue/try", queue_views.try_all, name="try_all"),
    path("queue/<uuid:export_id>/try", queue_views.try_one, name="try_one"),
]
