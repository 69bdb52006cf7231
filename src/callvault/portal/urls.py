"""All addresses of the portal. Ids in them are random; sequential numbers never appear."""

from allauth.account.views import logout
from django.urls import path

from callvault.portal.people.account import change_password, sign_in

from . import views
from .theme import choose_theme

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("theme/", choose_theme, name="theme"),
    path("sign-in/", sign_in, name="account_login"),
    path("sign-out/", logout, name="account_logout"),
    path("password/", change_password, name="account_change_password"),
]
