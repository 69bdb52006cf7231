"""Addresses of the mail server's settings, and of resets of passwords."""

from django.urls import path

from . import recording_views, reset_views, views

app_name = "notifications"

urlpatterns = [
    path("settings/mail", views.mail, name="mail"),
    path("settings/mail/forget", views.forget_mail, name="forget_mail"),
    path("settings/recording-mail", recording_views.recording_mail, name="recording_mail"),
    path("settings/recording-mail/mails", recording_views.mails, name="mails"),
    path(
        "settings/recording-mail/mails/<uuid:mail_id>/try",
        recording_views.try_mail,
        name="try_mail",
    ),
    path(
        "settings/recording-mail/templates/new", recording_views.new_template, name="new_template"
    ),
    path(
        "settings/recording-mail/templates/<uuid:template_id>/remove",
        recording_views.drop_template,
        name="drop_template",
    ),
    path(
        "settings/recording-mail/templates/<slug:language>",
        recording_views.template,
        name="template",
    ),
    path("password/forgotten", reset_views.forgotten, name="forgotten"),
    path("password/forgotten/<str:secret>", reset_views.reset, name="reset"),
]
