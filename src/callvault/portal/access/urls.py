"""Addresses of one's own account."""

from django.urls import path

from . import account_views, confirm, factor_views, passkey_views, settings_views

app_name = "access"

urlpatterns = [
    path("account/", account_views.account, name="account"),
    path("account/sessions/end", account_views.end_other_sessions, name="end_other_sessions"),
    path("account/sessions/<uuid:public_id>/end", account_views.end_session, name="end_session"),
    path("account/confirm", confirm.confirm_identity, name="confirm"),
    path("account/second-factor/", factor_views.second_factor, name="second_factor"),
    path("account/second-factor/app", factor_views.set_up_app, name="app"),
    path("account/second-factor/app/remove", factor_views.remove_app, name="remove_app"),
    path("account/second-factor/codes", factor_views.recovery_codes, name="recovery_codes"),
    path("account/second-factor/passkeys/new", passkey_views.add_passkey, name="passkey"),
    path(
        "account/second-factor/passkeys/options",
        passkey_views.new_passkey_options,
        name="passkey_options",
    ),
    path(
        "account/second-factor/passkeys/<uuid:public_id>/name",
        passkey_views.rename_passkey,
        name="rename_passkey",
    ),
    path(
        "account/second-factor/passkeys/<uuid:public_id>/remove",
        passkey_views.remove_passkey,
        name="remove_passkey",
    ),
    path("password/rules", account_views.judge_password, name="judge_password"),
    path("settings/sign-in", settings_views.sign_in, name="settings"),
    path("settings/sign-in/provider", settings_views.provider, name="provider"),
    path("settings/sign-in/provider/test", settings_views.test_provider, name="test_provider"),
    path("people/<uuid:public_id>/unlock", settings_views.unlock, name="unlock"),
    path("people/<uuid:public_id>/factors", settings_views.reset_factors, name="reset_factors"),
    path("people/<uuid:public_id>/sessions", settings_views.end_sessions, name="end_sessions"),
    path("people/<uuid:public_id>/provider", settings_views.unbind, name="unbind"),
]
