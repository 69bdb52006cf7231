"""Addresses of data subjects."""

from django.urls import path

from . import views

app_name = "subjects"

urlpatterns = [
    path("", views.subjects, name="index"),
    path("export.zip", views.export_all, name="export"),
    path("erase", views.erase, name="erase"),
    path("erasures/<uuid:public_id>", views.erasure, name="erasure"),
]
