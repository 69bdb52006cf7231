"""Addresses of the mail server's settings, and of resets of passwords."""

from django.urls import path

from . import reset_views, views

app_name = "notifications"

urlpatterns = [
    path("settings/mail", views.mail, name="mail"),
    path("settings/mail/forget", views.forget_mail, name="forget_mail"),
    path("password/forgotten", reset_views.forgotten, name="forgotten"),
    path("password/forgotten/<str:secret>", reset_views.reset, name="reset"),
]
