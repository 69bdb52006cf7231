"""Addresses of recordings: the lists, what is done to several, one recording, notes, media."""

from django.urls import path

from . import copies, deed_views, integrity, media, note_views, reassign_views, views, zip_views

app_name = "recordings"

urlpatterns = [
    path("", views.all_recordings, name="all"),
    path("mine/", views.my_recordings, name="mine"),
    path("columns", views.choose_columns, name="columns"),
    path("preserve", deed_views.preserve_recordings, name="preserve"),
    path("release", deed_views.release_recordings, name="release"),
    path("delete", deed_views.delete_recordings, name="delete"),
    path("assign", reassign_views.reassign_recordings, name="reassign"),
    path("note", deed_views.note_recordings, name="note_several"),
    path("zip", zip_views.download_zip, name="zip"),
    path("<uuid:recording_id>/", views.recording, name="recording"),
    path("<uuid:recording_id>/notes", note_views.add, name="notes"),
    path("<uuid:recording_id>/notes/<uuid:note_id>", note_views.edit, name="note"),
    path("<uuid:recording_id>/notes/<uuid:note_id>/delete", note_views.delete, name="delete_note"),
    path("<uuid:recording_id>/audio", media.audio, name="audio"),
    path("<uuid:recording_id>/peaks", media.peaks, name="peaks"),
    path("<uuid:recording_id>/integrity", integrity.integrity, name="integrity"),
    path("<uuid:recording_id>/download", media.download, name="download"),
    path("<uuid:recording_id>/download/<slug:form>", copies.download_copy, name="copy"),
    path("<uuid:recording_id>/metadata", media.metadata, name="metadata"),
]
