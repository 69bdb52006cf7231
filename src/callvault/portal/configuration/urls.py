"""Addresses of the global settings."""

from django.urls import path

from . import (
    capacity_views,
    filter_views,
    mode_views,
    overview,
    pilot_views,
    plan_views,
    rights_views,
    sound_views,
    trunk_views,
    views,
)

app_name = "configuration"

urlpatterns = [
    path("", overview.overview, name="index"),
    path("general", views.general, name="general"),
    path("permissions", rights_views.permissions, name="permissions"),
    path("filters/", filter_views.filters, name="filters"),
    path("filters/new", filter_views.create_filter, name="create_filter"),
    path("filters/<uuid:public_id>", filter_views.edit_filter, name="filter"),
    path("filters/<uuid:public_id>/delete", filter_views.delete_filter, name="delete_filter"),
    path("capacity", capacity_views.capacity, name="capacity"),
    path("modes", mode_views.modes, name="modes"),
    path("pilot-numbers", pilot_views.pilots, name="pilots"),
    path("pilot-numbers/sounds/<slug:kind>", sound_views.bring, name="bring_sound"),
    path("pilot-numbers/sounds/<slug:kind>/decide", sound_views.decide, name="decide_sound"),
    path("pilot-numbers/sounds/<slug:kind>/<slug:state>.wav", sound_views.listen, name="sound"),
    path("numbering-plan", plan_views.plan, name="plan"),
    path("trunks/", trunk_views.trunks, name="trunks"),
    path("trunks/new", trunk_views.create_trunk, name="create_trunk"),
    path("trunks/guides/<slug:name>", trunk_views.guide, name="guide"),
    path("trunks/<uuid:public_id>", trunk_views.edit_trunk, name="trunk"),
    path("trunks/<uuid:public_id>/delete", trunk_views.delete_trunk, name="delete_trunk"),
]
