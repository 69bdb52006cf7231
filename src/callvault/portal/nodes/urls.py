"""Addresses of the page of the nodes."""

from django.urls import path

from . import order_views, views

app_name = "nodes"

urlpatterns = [
    path("", views.index, name="index"),
    path("<str:node>/test", views.test, name="test"),
    path("<str:node>/start", order_views.start, name="start"),
    path("<str:node>/drain", order_views.drain, name="drain"),
    path("<str:node>/stop", order_views.stop, name="stop"),
]
