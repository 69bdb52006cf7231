"""Addresses of live calls."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from . import views
from .recorder import Deed

app_name = "live"


class DeedConverter(StringConverter):
    """What can be done with a call."""

    regex = "|".join(Deed)


register_converter(DeedConverter, "live_deed")

urlpatterns = [
    path("", views.index, name="index"),
    path("table", views.table, name="table"),
    path("<uuid:call_id>/<live_deed:deed>", views.act, name="act"),
]
