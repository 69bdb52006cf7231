"""Addresses of tokens, and of the API."""

from django.urls import path

from . import reference, token_views

app_name = "tokens"

urlpatterns = [
    path("account/tokens", token_views.own, name="own"),
    path("account/tokens/new", token_views.create, name="create"),
    path("account/tokens/<uuid:public_id>/revoke", token_views.revoke, name="revoke"),
    path("settings/tokens", token_views.everyones, name="all"),
    path("api/", reference.page, name="reference"),
]
