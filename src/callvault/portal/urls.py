"""All addresses of the portal. Ids in them are random; sequential numbers never appear."""

from allauth.account.views import logout
from django.urls import include, path

from callvault.portal.people.account import change_password, sign_in

from . import views

handler400 = views.unreadable
handler403 = views.refused
handler404 = views.not_found
handler500 = views.failed

urlpatterns = [
    path("", views.home, name="home"),
    path("theme", views.theme, name="theme"),
    path("healthz", views.health, name="health"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
    path("", include("callvault.portal.notifications.urls")),
    path("password/", change_password, name="account_change_password"),
    path("recordings/", include("callvault.portal.recordings.urls")),
    path("decisions/", include("callvault.portal.decisions.urls")),
    path("people/", include("callvault.portal.people.urls")),
    path("settings/", include("callvault.portal.configuration.urls")),
    path("nodes/", include("callvault.portal.nodes.urls")),
]
