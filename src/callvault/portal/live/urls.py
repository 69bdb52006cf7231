"""Addresses of live calls."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from . import listening_views, pausing, views
from .recorder import Deed

app_name = "live"


DEED = "live_deed"
"""Name of the part of an address that says what is to be done with a call."""


class DeedConverter(StringConverter):
    """What can be done with a call."""

    regex = "|".join(Deed)


register_converter(DeedConverter, DEED)

urlpatterns = [
    path("", views.index, name="index"),
    path("table", views.table, name="table"),
    path("heard", listening_views.heard, name="heard"),
    path("leave", listening_views.leave, name="leave"),
    path("<uuid:call_id>/listen", listening_views.listen, name="listen"),
    path("<uuid:call_id>/pause-for", pausing.pause_for, name="pause_for"),
    path("<uuid:call_id>/<live_deed:deed>", views.act, name="act"),
]
