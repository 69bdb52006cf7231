"""Django's settings of the portal, from the node's `callvault.toml`.

The environment variable CALLVAULT_CONFIG names that file; `callvault serve` sets it. Without it
the settings describe a portal that keeps nothing (database in memory, a passing secret key): for
tests, type checks and `makemigrations`, which must not write anywhere.
"""

import os
import secrets
from pathlib import Path

from csp.constants import NONCE, NONE, SELF

from callvault.config.load import ENVIRONMENT_VARIABLE, load
from callvault.config.sections import Config, DatabaseConfig, NodeConfig
from callvault.portal.database import database_entry
from callvault.portal.secret_key import secret_key_of

HERE = Path(__file__).resolve().parent
DEPLOYED = ENVIRONMENT_VARIABLE in os.environ


def _node_config() -> Config:
    if DEPLOYED:
        return load()
    return Config(
        node=NodeConfig(data_folder=Path(os.devnull) / "callvault"),  # where nothing can be made
        database=DatabaseConfig(url="sqlite::memory:"),
    )


CALLVAULT = _node_config()
DATA_FOLDER = CALLVAULT.node.data_folder

DEBUG = False
SECRET_KEY = secret_key_of(DATA_FOLDER) if DEPLOYED else secrets.token_urlsafe(48)
ALLOWED_HOSTS = list(CALLVAULT.web.host_names)
BROWSERS_USE_HTTPS = CALLVAULT.web.browsers_use_https
ROOT_URLCONF = "callvault.portal.urls"
WSGI_APPLICATION = "callvault.portal.wsgi.application"

INSTALLED_APPS = [
    "callvault.portal",
    "callvault.portal.people",
    "callvault.portal.access",
    "callvault.portal.recordings",
    "callvault.portal.searches",
    "callvault.portal.decisions",
    "callvault.portal.completeness",
    "callvault.portal.configuration",
    "callvault.portal.directory",
    "callvault.portal.nodes",
    "callvault.portal.live",
    "callvault.portal.gadget",
    "callvault.portal.planning",
    "callvault.portal.certificates",
    "callvault.portal.dashboard",
    "callvault.portal.first_run",
    "callvault.portal.holds",
    "callvault.portal.notifications",
    "callvault.portal.api",
    "callvault.portal.audit",
    "callvault.portal.subjects",
    "callvault.portal.retention",
    "callvault.portal.exports",
    "callvault.portal.backups",
    "callvault.portal.integrity",
    "callvault.portal.storage",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "axes",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "callvault.portal.proxies.ProxyMiddleware",  # before all that ask who calls, and by what scheme
    "django.middleware.security.SecurityMiddleware",
    "callvault.portal.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",  # before whitenoise: a drawing is a page, too, when opened
    "callvault.portal.api.middleware.ApiMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "callvault.portal.access.middleware.OpenSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "callvault.portal.middleware.ReaderMiddleware",
    "callvault.portal.middleware.NotAllowedMiddleware",
    "callvault.portal.people.middleware.EndedSessionMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "callvault.portal.access.middleware.DutiesMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],  # before those of allauth
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "callvault.portal.context.portal",
            ],
        },
    },
]

# --- catalogue --------------------------------------------------------------------------------

DATABASES = {"default": database_entry(CALLVAULT.database, DATA_FOLDER)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people and sessions ----------------------------------------------------------------------

AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "callvault.portal.people.backends.PasswordBackend",
    "callvault.portal.directory.backends.DirectoryBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "callvault.portal.access.password_rules.LengthRule"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "callvault.portal.access.password_rules.HistoryRule"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 24 * 60 * 60  # the most that the settings of sign-in allow; they say less
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
# With HTTPS, browsers take and send these cookies by HTTPS alone, and from nobody else's host.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BROWSERS_USE_HTTPS
SESSION_COOKIE_NAME = ("__Host-" if BROWSERS_USE_HTTPS else "") + "callvault_session"
CSRF_COOKIE_NAME = ("__Host-" if BROWSERS_USE_HTTPS else "") + "callvault_csrf"
CSRF_FAILURE_VIEW = "callvault.portal.views.csrf_failure"

# A ZIP names up to a thousand recordings; more of them get a page that says so.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4000

ACCOUNT_ADAPTER = "callvault.portal.people.adapter.AccountAdapter"
ACCOUNT_FORMS = {"login": "callvault.portal.people.sign_in.SignInForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = False  # axes counts, in the database: the workers share no memory

MFA_ADAPTER = "callvault.portal.access.adapters.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses are the administrators', not allauth's
MFA_RATE_LIMITS = False  # wrong codes count with axes, like wrong passwords

SOCIALACCOUNT_ADAPTER = "callvault.portal.access.provider_adapter.ProviderAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"

AXES_FAILURE_LIMIT = "callvault.portal.people.sign_in.lock_out_count"
AXES_COOLOFF_TIME = "callvault.portal.people.sign_in.lock_out_time"
# By user name alone: behind a proxy or one office's address everybody shares an address, and one
# person's typing errors must not lock out the others.
AXES_LOCKOUT_PARAMETERS = ["username"]
AXES_USERNAME_CALLABLE = "callvault.portal.people.sign_in.name_tried"
AXES_LOCKOUT_CALLABLE = "callvault.portal.people.sign_in.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True  # the audit log says who signed in
AXES_VERBOSE = False
AXES_CLIENT_STR_CALLABLE = "callvault.portal.people.sign_in.not_named"
AXES_SENSITIVE_PARAMETERS = ["login", "code", "old_password", "new_password1", "new_password2"]
SILENCED_SYSTEM_CHECKS = [
    "axes.W006",  # see AXES_LOCKOUT_PARAMETERS
    "auth.W004",  # user names are unique, whatever their capitals: people.models.User
]

# --- language and time ------------------------------------------------------------------------

LANGUAGE_CODE = CALLVAULT.web.language
LANGUAGES = [("en", "English"), ("it", "Italiano"), ("fr", "Français")]
LOCALE_PATHS = [HERE / "locale"]
FORMAT_MODULE_PATH = "callvault.portal.formats"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False  # numbers in attributes stay plain; display.number separates
TIME_ZONE = "UTC"  # of Django itself; pages use the system's zone (configuration.SystemSettings)

# --- static files -----------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = DATA_FOLDER / "static"
# Ours only: what other packages ship is not used, and their scripts import files they lack.
STATICFILES_DIRS = [HERE / "static"]
STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_MAX_AGE = 3600
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = not DEPLOYED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},  # no uploads are kept
    "staticfiles": {
        "BACKEND": (
            "callvault.portal.static_files.StaticFiles"
            if DEPLOYED
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    },
}

# --- what browsers may do ---------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF, "blob:"],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_SSL_REDIRECT = BROWSERS_USE_HTTPS  # by HTTPS of our own there is nothing to redirect
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]  # asked on loopback, past the proxy
SECURE_HSTS_SECONDS = 365 * 86_400 if BROWSERS_USE_HTTPS else 0
USE_X_FORWARDED_HOST = bool(CALLVAULT.web.trusted_proxies)  # ProxyMiddleware drops strangers' ones
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # likewise
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"

# --- technical log ----------------------------------------------------------------------------

LOGGING_CONFIG = None  # the command that starts the process sets up logging
