"""All addresses of the portal. Ids in them are random; sequential numbers never appear."""

from django.urls import include, path

from callvault.portal.access.provider_views import (
    provider_callback,
    provider_sign_in,
    provider_sign_out,
    sign_out,
)
from callvault.portal.access.sign_in_views import passkey_sign_in, second_step
from callvault.portal.api.v1 import addresses
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
    path("sign-in/code", second_step, name="mfa_authenticate"),
    path("sign-in/passkey", passkey_sign_in, name="mfa_login_webauthn"),
    path("sign-in/provider", provider_sign_in, name="provider_sign_in"),
    path("sign-in/provider/back", provider_callback, name="provider_callback"),
    path("sign-in/provider/out", provider_sign_out, name="provider_sign_out"),
    path("sign-out/", sign_out, name="account_logout"),
    path("", include("callvault.portal.notifications.urls")),
    path("", include("callvault.portal.api.urls")),
    path("api/v1/", addresses()),
    path("password/", change_password, name="account_change_password"),
    path("", include("callvault.portal.access.urls")),
    path("setup/", include("callvault.portal.first_run.urls")),
    path("dashboard/", include("callvault.portal.dashboard.urls")),
    path("recordings/", include("callvault.portal.recordings.urls")),
    path("searches/", include("callvault.portal.searches.urls")),
    path("live/", include("callvault.portal.live.urls")),
    path("", include("callvault.portal.gadget.urls")),
    path("", include("callvault.portal.integrity.urls")),
    path("audit/", include("callvault.portal.audit.urls")),
    path("holds/", include("callvault.portal.holds.urls")),
    path("subjects/", include("callvault.portal.subjects.urls")),
    path("decisions/", include("callvault.portal.decisions.urls")),
    path("completeness/", include("callvault.portal.completeness.urls")),
    path("people/", include("callvault.portal.people.urls")),
    path("settings/certificates/", include("callvault.portal.certificates.urls")),
    path("settings/directory/", include("callvault.portal.directory.urls")),
    path("settings/backup/", include("callvault.portal.backups.urls")),
    path("settings/retention/", include("callvault.portal.retention.urls")),
    path("settings/export/", include("callvault.portal.exports.urls")),
    path("settings/storage/", include("callvault.portal.storage.urls")),
    path("settings/", include("callvault.portal.configuration.urls")),
    path("calculator/", include("callvault.portal.planning.urls")),
    path("nodes/", include("callvault.portal.nodes.urls")),
]
