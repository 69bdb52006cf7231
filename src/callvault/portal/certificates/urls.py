"""Addresses of the certificates page."""

from django.urls import path

from . import views

app_name = "certificates"

urlpatterns = [
    path("", views.certificates, name="index"),
    path("upload", views.upload, name="upload"),
    path("use/<slug:role>", views.use, name="use"),
    path("requests", views.ask, name="ask"),
    path("requests/<slug:name>.csr", views.request_file, name="request_file"),
    path("requests/<slug:name>/drop", views.drop, name="drop"),
    path("rewrap", views.rewrap, name="rewrap"),
]
