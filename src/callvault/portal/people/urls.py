"""Addresses of people."""

from django.urls import path

from . import bulk_views, import_views, views

app_name = "people"

urlpatterns = [
    path("", views.people, name="list"),
    path("new", views.create_person, name="create"),
    path("check", views.check_field, name="check_new"),
    path("several", bulk_views.bulk, name="bulk"),
    path("template.csv", import_views.csv_template, name="template"),
    path("export.csv", import_views.export, name="export"),
    path("import", import_views.upload, name="upload"),
    path("import/<uuid:public_id>", import_views.preview, name="import"),
    path("import/<uuid:public_id>/report.csv", import_views.report, name="import_report"),
    path("import/<uuid:public_id>/discard", import_views.discard, name="import_discard"),
    path("<uuid:public_id>", views.edit_person, name="person"),
    path("<uuid:public_id>/check", views.check_field, name="check"),
    path("<uuid:public_id>/delete", views.remove_person, name="delete"),
    path("<uuid:public_id>/password", views.set_one_time_password, name="password"),
]
