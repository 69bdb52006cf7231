"""Addresses of recordings: the lists, one recording, and its media."""

from django.urls import path

from . import media, views

app_name = "recordings"

urlpatterns = [
    path("", views.all_recordings, name="all"),
    path("mine/", views.my_recordings, name="mine"),
    path("<uuid:recording_id>/", views.recording, name="recording"),
    path("<uuid:recording_id>/audio", media.audio, name="audio"),
    path("<uuid:recording_id>/peaks", media.peaks, name="peaks"),
    path("<uuid:recording_id>/download", media.download, name="download"),
    path("<uuid:recording_id>/metadata", media.metadata, name="metadata"),
]
