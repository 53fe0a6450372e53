"""What is the same everywhere. Each group stands under the address of its documentation.

Nothing here is secret and nothing here is unsafe: DEBUG is off, demo accounts are refused, there is no key.
"""

from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

import environ
from corsheaders.defaults import default_headers

from config.brokers import transport_options_for
from config.counters import cache_from_url
from config.databases import database_from_url
from config.mails import mail_from_url

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parents[2]
# Everything that a running register writes: database, broker, static files, local key. Ignored by git.
VAR_DIR = Path(env("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()

# Demo accounts have passwords that everybody can read; only the local settings allow them.
DEMO_ACCOUNTS_ALLOWED = False

# --- the application: https://docs.djangoproject.com/en/5.2/ref/settings/#core-settings

DEBUG = False
ALLOWED_HOSTS: list[str] = []
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django_filters",
    "django_htmx",
    "corsheaders",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "chokepoints",
    "reviews",
    "django.contrib.staticfiles",  # after chokepoints, whose runserver is built on this one's
]

# https://docs.djangoproject.com/en/5.2/ref/middleware/#middleware-ordering
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

# https://docs.djangoproject.com/en/5.2/ref/settings/#templates
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
                "chokepoints.context_processors.register_head",
                "reviews.context_processors.member",
                "reviews.context_processors.inbox",
            ],
        },
    },
]

# --- other sites' pages: https://github.com/adamchainz/django-cors-headers#configuration
# Off unless the environment names origins; then they may read the API, never as the one who is signed in here.

CORS_ALLOWED_ORIGINS = env.list("CORS_ALLOWED_ORIGINS", default=[])
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [*default_headers, "if-match", "if-none-match", "idempotency-key"]
CORS_EXPOSE_HEADERS = ["ETag", "Location", "Retry-After", "Link", "Idempotency-Replayed"]
if CORS_ALLOWED_ORIGINS:
    MIDDLEWARE.insert(1, "corsheaders.middleware.CorsMiddleware")

# --- database: https://docs.djangoproject.com/en/5.2/ref/settings/#databases
# No ATOMIC_REQUESTS: services open their own transactions (see config/databases.py).

DATABASES = {
    "default": database_from_url(env("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'register.sqlite3'}")),
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people: https://docs.djangoproject.com/en/5.2/topics/auth/

LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/desk/"
LOGOUT_REDIRECT_URL = "/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# --- language and time: https://docs.djangoproject.com/en/5.2/topics/i18n/
# The register's days are UTC days; nobody's local midnight changes what was known when.

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Of mails to people; pages are English. The first is the one that nobody has to choose.
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("de", "Deutsch")]

# --- static files: https://docs.djangoproject.com/en/5.2/howto/static-files/

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- requests and their limits: https://docs.djangoproject.com/en/5.2/ref/settings/#data-upload-max-memory-size
# Bodies over 2.5 MB are refused, which is Django's default. A proposal over several records has many fields.

DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000

# --- what a browser may load: https://django-csp.readthedocs.io/en/latest/configuration.html
# No inline script or style anywhere, nothing from other hosts.

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}

# --- security: https://docs.djangoproject.com/en/5.2/topics/security/
# nosniff and the opener policy are Django's defaults already.

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# Who signs in again has a new token; a form that was open meanwhile must not be lost for it.
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

# --- the inbox
# How often, in seconds, an open page asks whether there is anything new; 0 for never.

INBOX_POLL_SECONDS = env.int("INBOX_POLL_SECONDS", default=60)

# --- counters: https://docs.djangoproject.com/en/5.2/topics/cache/
# What throttles count must be seen by all processes (docs/decisions/0008). The default cache is each process's own.

CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    "throttle": cache_from_url(env("CACHE_URL", default=""), VAR_DIR / "throttle.sqlite3"),
}

# --- the API: https://www.django-rest-framework.org/api-guide/settings/
# Reading is open, everything else needs somebody. JSON in, JSON out; pages for who opens an address in a browser.

# What an answer's ETag holds of the program: raise it when the same register would be answered differently.
CODE_VERSION = "1"

REST_FRAMEWORK = {
    # The first one says, in WWW-Authenticate, how to identify oneself.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "reviews.api.authentication.TokenAuthentication",
        "reviews.api.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["reviews.api.permissions.Scoped"],
    "DEFAULT_THROTTLE_CLASSES": ["reviews.api.throttling.Throttle"],
    # A number and second, minute, hour or day. Anonymous requests count by address, others by account.
    "DEFAULT_THROTTLE_RATES": {
        "anonymous_read": env("API_RATE_ANONYMOUS_READ", default="300/minute"),
        "anonymous_write": env("API_RATE_ANONYMOUS_WRITE", default="30/minute"),
        "user_read": env("API_RATE_USER_READ", default="1200/minute"),
        "user_write": env("API_RATE_USER_WRITE", default="120/minute"),
        "failed": env("API_RATE_FAILED", default="30/minute"),  # wrong tokens, by address
    },
    # How many proxies of ours stand before the site, each of which adds to X-Forwarded-For. None: nobody's word counts.
    "NUM_PROXIES": env.int("TRUSTED_PROXIES", default=0),
    "EXCEPTION_HANDLER": "chokepoints.api.problems.handle_exception",
    "DEFAULT_RENDERER_CLASSES": [
        "rest_framework.renderers.JSONRenderer",
        "reviews.api.browsing.PageRenderer",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "chokepoints.api.parsing.StrictJSONParser",
        "reviews.api.browsing.BoxParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "config.api_schema.TableSchema",
}

# --- what the API takes and answers: https://drf-spectacular.readthedocs.io/en/latest/settings.html

SPECTACULAR_SETTINGS = {
    "TITLE": "Chokepoint register",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Read the register, as it is or as it was; propose changes with evidence, and review them.",
    "LICENSE": {"name": "Data: CC BY 4.0, quotes excepted", "identifier": "CC-BY-4.0"},
    "SERVERS": [{"url": "/", "description": "this register"}],
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "POSTPROCESSING_HOOKS": ["config.api_schema.add_components"],
}

# --- background work: https://docs.celeryq.dev/en/stable/userguide/configuration.html

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default="filesystem://localhost")
CELERY_BROKER_TRANSPORT_OPTIONS = transport_options_for(CELERY_BROKER_URL, VAR_DIR / "broker")
CELERY_BROKER_CONNECTION_TIMEOUT = 3
# A worker waits for its broker as long as it takes.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# No request waits for the broker: publishing is tried once, and a sweep hands out again what is overdue.
CELERY_TASK_PUBLISH_RETRY = False
# A task counts as taken when it is done, and comes back when the process under it is killed.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Results are rows in the database, not messages.
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False

# --- exports: docs/exports.md

# Files that people fetch. On several machines: a folder that web and workers share.
EXPORTS_DIR = Path(env("EXPORTS_DIR", default=str(VAR_DIR / "exports")))
EXPORT_KEEP_DAYS = env.int("EXPORT_KEEP_DAYS", default=7)
# A worker that hasn't reported for so long is lost, and another writes the file.
EXPORT_LEASE_SECONDS = env.float("EXPORT_LEASE_SECONDS", default=120)
# --- imports: docs/imports.md

# Files that people bring, as they came. On several machines: a folder that web and workers share.
IMPORTS_DIR = Path(env("IMPORTS_DIR", default=str(VAR_DIR / "imports")))
IMPORT_KEEP_DAYS = env.int("IMPORT_KEEP_DAYS", default=30)
# A worker that hasn't reported for so long is lost, and another goes on.
IMPORT_LEASE_SECONDS = env.float("IMPORT_LEASE_SECONDS", default=120)
# Files with no more rows are dealt with while their owner waits, broker or not.
IMPORT_AT_ONCE_ROWS = env.int("IMPORT_AT_ONCE_ROWS", default=300)
# What a file may hold; chokepoints/imports/tables.py has the other limits.
IMPORT_MAX_BYTES = env.int("IMPORT_MAX_BYTES", default=10_000_000)
IMPORT_MAX_UNPACKED_BYTES = env.int("IMPORT_MAX_UNPACKED_BYTES", default=100_000_000)
IMPORT_MAX_ROWS = env.int("IMPORT_MAX_ROWS", default=20_000)
IMPORT_MAX_SECONDS = env.float("IMPORT_MAX_SECONDS", default=60)

# --- releases: docs/releases.md

# Published editions; kept for ever. On several machines: a folder that web and workers share.
RELEASES_DIR = Path(env("RELEASES_DIR", default=str(VAR_DIR / "releases")))
# When one is due by itself: month, week, day or never. It is made of what was published since the last.
RELEASE_EVERY = env("RELEASE_EVERY", default="month")
# A release is held back if a table lost more than this share of its rows, and more rows than may always go.
RELEASE_MAX_LOST_SHARE = env.float("RELEASE_MAX_LOST_SHARE", default=0.05)
RELEASE_LOST_ROWS_ALLOWED = env.int("RELEASE_LOST_ROWS_ALLOWED", default=10)
# A maker that hasn't been heard of for so long is lost; the release failed, and the next one may begin.
RELEASE_LEASE_SECONDS = env.float("RELEASE_LEASE_SECONDS", default=900)
# After a failure, or when one was held back, the clock tries again no sooner than this.
RELEASE_RETRY_HOURS = env.float("RELEASE_RETRY_HOURS", default=24)

# --- mail: docs/notifications.md

# The address at which people reach this site, for links in mails and webhooks.
SITE_URL = env("SITE_URL", default="http://127.0.0.1:8000").rstrip("/")
# Where mails go: smtp://, smtp+tls:// or smtp+ssl://user:password@host:port. Without it each is written to a file.
EMAIL_BACKEND = "reviews.notifications.backends.FileBackend"
EMAIL_FILE_PATH = env("MAILS_DIR", default=str(VAR_DIR / "mails"))
DEFAULT_FROM_EMAIL = env(
    "DEFAULT_FROM_EMAIL",
    default=f"Chokepoint Register <register@{urlsplit(SITE_URL).hostname or 'localhost'}>",
)
# How long a mail server may take for each answer.
EMAIL_TIMEOUT = env.float("EMAIL_TIMEOUT", default=10)
# A worker that hasn't reported for so long is lost, and another sends the mail. Longer than a slow server takes.
MAIL_LEASE_SECONDS = env.float("MAIL_LEASE_SECONDS", default=180)
MAIL_KEEP_DAYS = env.int("MAIL_KEEP_DAYS", default=90)
# A page that shows everybody the mails in those files; only the local settings allow it.
MAILS_SHOWN = False
if env("EMAIL_URL", default=""):
    vars().update(mail_from_url(env("EMAIL_URL")))

# --- webhooks: docs/webhooks.md

# One attempt, from the resolver to the status of the answer, takes no longer than this.
WEBHOOK_TIMEOUT_SECONDS = env.float("WEBHOOK_TIMEOUT_SECONDS", default=10)
# Networks inside that webhooks may be at all the same, such as 10.20.0.0/16: whoever has an account reaches what is there.
WEBHOOK_ALLOWED_NETWORKS = [ip_network(each) for each in env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])]
# For how long the secret before still signs once there is another.
WEBHOOK_OLD_SECRET_HOURS = env.float("WEBHOOK_OLD_SECRET_HOURS", default=24)

# --- logs: https://docs.djangoproject.com/en/5.2/topics/logging/
# One line an event, to stderr; whoever runs the register decides where that goes.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "chokepoints": {"level": "INFO"},
        "reviews": {"level": "INFO"},
        # Without this Django adds a console handler of its own under DEBUG, and each line comes twice.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
    },
}
