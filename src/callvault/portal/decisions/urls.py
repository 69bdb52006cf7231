"""Addresses of call decisions."""

from django.urls import path

from . import views

app_name = "decisions"

urlpatterns = [
    path("", views.calls, name="list"),
    path("<uuid:event_id>", views.call, name="call"),
    path("peers/<uuid:public_id>/allow", views.allow_peer, name="allow"),
    path("peers/<uuid:public_id>/dismiss", views.dismiss_peer, name="dismiss"),
]
