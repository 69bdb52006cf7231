"""Addresses of the gadget."""

from django.urls import path

from callvault.portal.live import urls as live_urls

from . import settings_page, views

app_name = "gadget"

urlpatterns = [
    path("gadget/", views.index, name="index"),
    path("gadget/calls", views.calls, name="calls"),
    path("gadget/waiting", views.waiting, name="waiting"),
    path("gadget/recordings", views.recordings, name="recordings"),
    path("gadget/signed-in", views.signed_in, name="signed_in"),
    path("gadget/finesse.xml", views.finesse, name="finesse"),
    path("gadget/<uuid:call_id>/pause-for", views.pause_for, name="pause_for"),
    path(f"gadget/<uuid:call_id>/<{live_urls.DEED}:deed>", views.act, name="act"),
    path("settings/gadget/", settings_page.gadget_settings, name="settings"),
]
