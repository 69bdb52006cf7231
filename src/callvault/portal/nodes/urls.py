"""Address of the page of the nodes."""

from django.urls import path

from . import views

app_name = "nodes"

urlpatterns = [
    path("", views.index, name="index"),
    path("<str:node>/test", views.test, name="test"),
]
