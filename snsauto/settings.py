"""All settings, read from the environment. docs/configuration.md and .env.example describe each of them."""

from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from platforms.registry import PLATFORMS
from platforms.sandbox.desk_bot import TOKEN as SANDBOX_BOT_TOKEN
from snsauto.environment import Environment, local_keys

BASE_DIR = Path(__file__).resolve().parent.parent
environ.Env.read_env(BASE_DIR / ".env")
env = Environment()

# --- where things are ---
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))
DATA_DIR.mkdir(parents=True, exist_ok=True)
BIND = env.text("BIND", "127.0.0.1")
PORT = env.number("PORT", 8000, least=1)
SITE_URL = env.url("SITE_URL", f"http://127.0.0.1:{PORT}")
ALLOWED_HOSTS = list(dict.fromkeys([env.host_of(SITE_URL), *env.words("ALLOWED_HOSTS")]))
CSRF_TRUSTED_ORIGINS = [SITE_URL]
DEBUG = env.flag("DEBUG", False)
SANDBOX = env.flag("SANDBOX", False)

# --- secrets: given by the operator, or made once and kept beside the database ---
_keys = local_keys(DATA_DIR / "keys.json") if not env.has("SECRET_KEY", "ENCRYPTION_KEYS") else {}
SECRET_KEY = env.text("SECRET_KEY", _keys.get("SECRET_KEY", ""))
ENCRYPTION_KEYS = env.words("ENCRYPTION_KEYS", _keys.get("ENCRYPTION_KEYS", ""))
if not SECRET_KEY or not ENCRYPTION_KEYS:
    raise ImproperlyConfigured(
        "Set SECRET_KEY and ENCRYPTION_KEYS together, or neither (they are then made for you)."
    )

# --- the house ---
INSTALLED_APPS = [
    "snsauto",
    "accounts",
    "campaigns",
    "publishing",
    "inbox",
    "analytics",
    "platforms.sandbox",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "chartkick.django",  # for its Chart.js, a static file
    "allauth.usersessions",
    "csp",
    "django_filters",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.MemberMiddleware",
    "snsauto.api.middleware.ApiMiddleware",
]
ROOT_URLCONF = "snsauto.urls"
WSGI_APPLICATION = "snsauto.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["template_partials.templatetags.partials", "accounts.templatetags.interface"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "snsauto.context.frame",
            ],
        },
    },
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- database: SQLite on one machine, PostgreSQL in production ---
DATABASES: dict[str, Any] = {"default": env.database("DATABASE_URL", DATA_DIR / "snsauto.sqlite3")}

env.require_package("redis", "REDIS_URL")
REDIS_URL = env.text("REDIS_URL")
CACHES = {
    "default": {"BACKEND": "snsauto.cache.SharedCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    # where the clusters of this machine say how they are; the pump reads there that it is being stopped
    "clusters": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA_DIR / "clusters",
    },
}

# --- background work: django-q2 on the ORM broker; what was measured stands in docs/decisions/ ---
TASK_SECONDS = 300  # the longest a task may take
Q_CLUSTER = {
    "name": "default",
    "orm": "default",
    "cache": "clusters",
    "workers": env.number("WORKERS", 2, least=2),
    "queue_limit": env.number("WORKERS", 2, least=2),
    "bulk": 1,
    "timeout": TASK_SECONDS,
    "retry": 900,
    "ack_failures": True,
    "max_attempts": 0,
    "save_limit": -1,
    "poll": 0.2,
    "catch_up": False,
    "label": "Background work",
    "ALT_CLUSTERS": {
        "publishing": {
            "workers": 2,
            "queue_limit": 2,
            "bulk": 1,
            "timeout": TASK_SECONDS,
            "retry": 900,
            "ack_failures": True,
            "save_limit": -1,
            "poll": 0.1,
            "recycle": 50,
        }
    },
}
PUBLISHING_THREADS = env.number("PUBLISHING_THREADS", 48, least=1)
WEB_THREADS = env.number("WEB_THREADS", 16, least=4)

# --- people ---
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.DeskBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = env.choice("EMAIL_VERIFICATION", "optional", ("none", "optional", "mandatory"))
ACCOUNT_FORMS = {
    "add_email": "accounts.forms.AddEmailForm",
    "change_password": "accounts.forms.ChangePasswordForm",
    "login": "accounts.forms.LoginForm",
    "reset_password": "accounts.forms.ResetPasswordForm",
    "reset_password_from_key": "accounts.forms.ResetPasswordKeyForm",
    "signup": "accounts.forms.SignupForm",
}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = SITE_URL.partition(":")[0]
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = SITE_URL.startswith("http://localhost")  # all else needs https
MFA_FORMS = {"add_webauthn": "accounts.forms.AddPasskeyForm"}
MFA_TOTP_ISSUER = "SNS Auto"
MFA_ALLOW_UNVERIFIED_EMAIL = ACCOUNT_EMAIL_VERIFICATION != "mandatory"  # a desk may have no mail at all
SIGNUP_OPEN = env.flag("SIGNUP_OPEN", True)

# --- mail ---
vars().update(env.mail("EMAIL_URL", "consolemail://"))
EMAIL_TIMEOUT = 20  # seconds; a mail server that hangs must not hold a worker
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"SNS Auto <no-reply@{env.host_of(SITE_URL)}>")

# --- API ---
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "snsauto.api.authentication.TokenAuthentication",
        "snsauto.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["snsauto.api.permissions.MemberPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["snsauto.api.limits.Limits"],
    "DEFAULT_PAGINATION_CLASS": "snsauto.api.pagination.CursorPagination",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_FILTER_BACKENDS": ["snsauto.api.filters.Filters"],
    "DEFAULT_SCHEMA_CLASS": "snsauto.api.schema.Schema",
    "EXCEPTION_HANDLER": "snsauto.api.errors.exception_handler",
    "PAGE_SIZE": 50,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# how often a person may ask (an address, where nobody is known): requests within seconds
API_LIMITS = env.limits(
    "API_LIMITS",
    default=(600, 60),
    publish=(20, 3600),
    multi_platform=(10, 3600),
    schedule=(50, 3600),
    oauth=(10, 60),
    analytics=(100, 60),
)
SPECTACULAR_SETTINGS = {
    "TITLE": "SNS Auto API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "ENUM_NAME_OVERRIDES": {
        "DeliveryStateEnum": "publishing.models.State",
        "AccountStateEnum": "accounts.models.Account.State",
        "StepStateEnum": "publishing.models.Step.State",
        "ReportStateEnum": "analytics.report_models.Report.State",
        "ConversationStateEnum": "inbox.models.Conversation.State",
        "MessageKindEnum": "inbox.models.Kind",
        "ModerationEnum": "platforms.base.Moderation.__args__",
        "ChannelEnum": "accounts.events.CHANNELS",
        "WeekdayEnum": "analytics.report_models.Weekday",
        "PublishPlatformEnum": "snsauto.api.publish.CHOICES",
    },
}

# --- files ---
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "media/"
# In production `manage.py collectstatic` gives every file a name that carries its hash.
STATIC_HASHED = env.flag("STATIC_HASHED", not SANDBOX)
WHITENOISE_USE_FINDERS = not STATIC_HASHED
MEDIA_S3 = {
    "bucket_name": env.text("MEDIA_S3_BUCKET"),
    "endpoint_url": env.url("MEDIA_S3_ENDPOINT", "") or None,
    "region_name": env.text("MEDIA_S3_REGION", "us-east-1"),
    "access_key": env.text("MEDIA_S3_KEY") or None,
    "secret_key": env.text("MEDIA_S3_SECRET") or None,
}
env.require_all("MEDIA_S3_KEY", "MEDIA_S3_SECRET")
env.require_package("storages", "MEDIA_S3_BUCKET")
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "publishing.s3.S3Media", "OPTIONS": MEDIA_S3}
    if MEDIA_S3["bucket_name"]
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "snsauto.storage.StaticStorage"
        if STATIC_HASHED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
UPLOAD_MOST_BYTES = env.number("UPLOAD_MOST_MB", 1024, least=1) * 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

# --- words and time ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# --- the browser contacts no other host and runs no inline script ---
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = int(BEHIND_PROXY)  # whose address counts when log-ins are limited
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SITE_URL.startswith("https:")
SECURE_HSTS_SECONDS = 31_536_000 if SITE_URL.startswith("https:") else 0

# --- the networks: where each lives and how we are known there ---
NETWORKS = {
    name: {
        "client_id": env.text(f"{name.upper()}_CLIENT_ID", "sandbox" if SANDBOX else ""),
        "client_secret": env.text(f"{name.upper()}_CLIENT_SECRET", "sandbox-secret" if SANDBOX else ""),
        "api_url": env.text(
            f"{name.upper()}_API_URL", f"{SITE_URL}/sandbox/{name}" if SANDBOX else platform.api_url
        ),
        "auth_url": env.text(
            f"{name.upper()}_AUTH_URL", f"{SITE_URL}/sandbox/{name}" if SANDBOX else platform.auth_url
        ),
        "upload_url": env.text(
            f"{name.upper()}_UPLOAD_URL", f"{SITE_URL}/sandbox/{name}" if SANDBOX else platform.upload_url
        ),
        "webhook_secret": env.text(f"{name.upper()}_WEBHOOK_SECRET", "hook-secret" if SANDBOX else ""),
    }
    for name, platform in PLATFORMS.items()
}
OUTBOUND_ALLOW = frozenset(env.words("OUTBOUND_ALLOW", env.netloc_of(SITE_URL) if SANDBOX else ""))

# --- the desk's own bot in a chat: it tells people things, and they talk to it ---
CHAT_BOT = {
    "name": "telegram",
    "token": env.text("TELEGRAM_SNS_BOT_TOKEN", SANDBOX_BOT_TOKEN if SANDBOX else ""),
    "chat": env.text("TELEGRAM_SNS_CHAT_ID"),
    "webhook_secret": env.secret("TELEGRAM_SNS_WEBHOOK_SECRET", least=16),
}

# --- the inbox: how often networks that call no webhook are asked; 0: by how busy an account is ---
INBOX_SECONDS = env.number("INBOX_SECONDS", 5 if SANDBOX else 0)
# --- AI: by Claude, or any server that speaks its Messages API; without a key a built-in helper helps ---
ANTHROPIC_API_KEY = env.text("ANTHROPIC_API_KEY")
ANTHROPIC_BASE_URL = env.base_url("ANTHROPIC_BASE_URL", "https://api.anthropic.com")
AI_MODEL = env.text("AI_MODEL", "claude-sonnet-5-5")
AI_MODEL_FAST = env.text("AI_MODEL_FAST", "claude-haiku-5-5")
AI_EFFORT = env.choice("AI_EFFORT", "low", ("low", "medium", "high", "none"))
AI_BUDGET = env.number("AI_BUDGET", 20)
AI_PRICES = env.prices("AI_PRICES")

# --- Prometheus: /metrics is there only for who knows this ---
METRICS_TOKEN = env.secret("METRICS_TOKEN", least=16)

# --- logs: one line of JSON or text each, nothing secret ---
LOGGING_CONFIG = "snsauto.logs.configure"
LOG_FORMAT = env.choice("LOG_FORMAT", "text", ("text", "json"))
LOGGING = env.logging(LOG_FORMAT, env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR")))
