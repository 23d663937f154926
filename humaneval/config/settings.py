"""All settings. Every knob is an environment variable; without any, the platform runs on one machine.

SQLite, media on disk and a file-system broker are the defaults and are meant for real use by a small
lab; PostgreSQL, Redis or RabbitMQ, and S3 are reached by setting DATABASE_URL, BROKER_URL and S3_BUCKET.
"""

from __future__ import annotations

import os
import secrets
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.urls import reverse_lazy

from humaneval.config import coherence, tls
from humaneval.config.environment import BESIDE, LOG_FORMATS, StrictEnv
from humaneval.monitoring import logs, tracing
from humaneval.ui.theme import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent.parent
env = StrictEnv()
env.read_file("ENV_FILE", BESIDE)

# --- where things are kept -------------------------------------------------------------------------
DATA_DIR = coherence.writable_folder(Path(env.text("DATA_DIR", str(BASE_DIR / "var"))).resolve())


def _kept_secret(path: Path) -> str:
    """Return the secret in a file that only its owner reads, made on first use."""
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text().strip()


DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "") or _kept_secret(DATA_DIR / "secret_key")
# Raters' panel ids are looked up by HMAC under this key; changing it makes every rater a stranger.
RATER_KEY = env.text("RATER_KEY", "") or SECRET_KEY
# Address that links in e-mails, panels and the command line start with: by default where it was served last.
SERVED_AT_FILE = DATA_DIR / "served_at"
SERVED_AT = coherence.served_at(SERVED_AT_FILE)
PUBLIC_URL = env.site("PUBLIC_URL", SERVED_AT)
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS", coherence.hosts_of(PUBLIC_URL))
CSRF_TRUSTED_ORIGINS = env.items("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "humaneval.teams",  # before those of whose commands it has its own: auth, authtoken
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "humaneval.ui",
    "rest_framework.authtoken",
    "humaneval.account",
    "humaneval.jobs",
    "humaneval.samples",
    "humaneval.studies",
    "humaneval.rating",
    "humaneval.scoring",
    "humaneval.recruitment",
    "humaneval.reports",
    "humaneval.keeping",
    "humaneval.workspace",
    "humaneval.demo",
    "humaneval.config",
]

MIDDLEWARE = [
    "humaneval.monitoring.requests.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "humaneval.ui.serving.StaticFilesMiddleware",
    "humaneval.ui.uploads.LargeUploads",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "humaneval.config.within.HostMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "humaneval.account.middleware.SecondFactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "humaneval.ui.policy.AdminPolicyMiddleware",
    "humaneval.ui.policy.PrivatePagesMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "humaneval.config.urls"
WSGI_APPLICATION = "humaneval.config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "humaneval" / "ui" / "overrides"],  # goes before the theme's templates
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Authorities whose certificates are believed where services are reached by TLS; the system's by default.
TLS_CA_FILE = tls.authorities(env.text("TLS_CA_FILE", ""))

# --- database ---------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}")}
_database = DATABASES["default"]
# For a server and its clients that share one secret file.
_database["PASSWORD"] = _database["PASSWORD"] or env.text("DATABASE_PASSWORD", "")
if _database["ENGINE"].endswith("sqlite3"):
    # WAL with IMMEDIATE transactions is what keeps "database is locked" away with several processes.
    # synchronous=FULL: an acknowledged vote must survive a power cut, not only a killed process.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA mmap_size=134217728;",
    }
else:
    _database["CONN_MAX_AGE"] = env.whole("CONN_MAX_AGE", 60)
    _database["CONN_HEALTH_CHECKS"] = True
    # Large tables are read to their end through cursors: plan for all rows, not for a quick first tenth.
    _options = _database["OPTIONS"] = tls.of_database(_database.get("OPTIONS", {}), TLS_CA_FILE)
    _options["options"] = f"{_options.get('options', '')} -c cursor_tuple_fraction=1".strip()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- files ------------------------------------------------------------------------------------------
MEDIA_ROOT = DATA_DIR / "media"
S3_BUCKET = env.text("S3_BUCKET", "")
# So much of a file is read into memory; a larger one, an archive say, waits on disk while it is read.
S3_IN_MEMORY_BYTES = 16 * 1024**2
STORAGES: dict[str, dict[str, object]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "humaneval.ui.staticfiles.HashedStaticFilesStorage"},
}
if S3_BUCKET:
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": S3_BUCKET,
            "endpoint_url": env.site("S3_ENDPOINT_URL", "") or None,
            "region_name": env.text("S3_REGION", "") or None,
            "location": env.text("S3_PREFIX", ""),
            # Without these, boto3 looks for credentials as it does everywhere.
            "access_key": env.text("S3_ACCESS_KEY", "") or None,
            "secret_key": env.text("S3_SECRET_KEY", "") or None,
            "signature_version": "s3v4",
            "file_overwrite": True,
            "default_acl": None,
            "max_memory_size": S3_IN_MEMORY_BYTES,
        },
    }
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(DATA_DIR / "static")))
STATICFILES_DIRS = [(name, BASE_DIR / "frontend" / name) for name in ("rater", "research", "styles")]
# Of one request; a proxy in front should refuse more too (deploy/proxy/Caddyfile: UPLOAD_LIMIT).
UPLOAD_MAX_BYTES = env.whole("UPLOAD_MAX_BYTES", 10_000_000_000, least=1)
FILE_UPLOAD_HANDLERS = [
    "humaneval.ui.uploads.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Limits on what an import may bring.
IMPORT_MAX_FILES = env.whole("IMPORT_MAX_FILES", 1_000_000, least=1)
IMPORT_MAX_FILE_BYTES = env.whole("IMPORT_MAX_FILE_BYTES", 100 * 1024**2)
IMPORT_MAX_TOTAL_BYTES = env.whole("IMPORT_MAX_TOTAL_BYTES", 50 * 1024**3)
IMPORT_MAX_PIXELS = env.whole("IMPORT_MAX_PIXELS", 100_000_000)
IMPORT_MAX_RATIO = env.whole("IMPORT_MAX_RATIO", 200)  # how many-fold a zip's member may expand
IMPORT_MIN_SIDE = env.whole("IMPORT_MIN_SIDE", 4, least=1)  # pixels
# Folders on the server that the API may import from; the command line may import from anywhere.
IMPORT_ROOTS = env.items("IMPORT_ROOTS", [])

# --- background work --------------------------------------------------------------------------------
BROKER_DIR = DATA_DIR / "broker"
CELERY_BROKER_URL = env.address(
    "BROKER_URL", "filesystem://localhost/", ("redis", "rediss", "amqp", "amqps", "filesystem", "memory")
)
if CELERY_BROKER_URL.startswith("filesystem:"):
    for _folder in ("queue", "processed", "control"):
        (BROKER_DIR / _folder).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(BROKER_DIR / "queue"),
        "data_folder_out": str(BROKER_DIR / "queue"),
        "control_folder": str(BROKER_DIR / "control"),
        "store_processed": False,
        "polling_interval": 0.25,
    }
elif CELERY_BROKER_URL.startswith("redis"):
    # A Redis whose host vanished does not say so: a page that wakes a worker must not wait for it for ever.
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "socket_connect_timeout": 5,
        "socket_timeout": 15,
        "socket_keepalive": True,
    }
CELERY_BROKER_USE_SSL = tls.of_broker(CELERY_BROKER_URL, TLS_CA_FILE)
CELERY_TASK_IGNORE_RESULT = True  # our own rows hold results
CELERY_TASK_ACKS_LATE = False  # the job row is the truth; a message is a wake-up and may be lost
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # nobody uses it, and on every broker it costs queues
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "humaneval.jobs.at_work:Scheduler"
# A file that a worker or the scheduler touches for as long as it works, for health checks.
HEARTBEAT_FILE = env.file("HEARTBEAT_FILE")
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "celerybeat-schedule")
JOB_LEASE_SECONDS = env.whole("JOB_LEASE_SECONDS", 30, least=1)
JOB_SWEEP_SECONDS = env.whole("JOB_SWEEP_SECONDS", 10, least=1)
JOB_RETRY_SECONDS = env.number("JOB_RETRY_SECONDS", 5)  # before the second attempt; then it doubles
# What metric runs compute on; "auto": a card if this machine has one.
METRICS_DEVICE = env.choice("METRICS_DEVICE", "auto", ("auto", "cpu", "cuda"))
METRICS_WORKERS = env.whole("METRICS_WORKERS", 1, least=1)  # how many share the features of one set
# What is short and must not wait, what takes minutes or hours, and metric runs: each has workers of its own.
JOB_QUEUES = ["default", "long", "metrics"]
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_BEAT_SCHEDULE = {
    f"sweep of {_queue}": {
        "task": "jobs.work",
        "schedule": JOB_SWEEP_SECONDS,
        "args": [_queue],
        # A busy queue must not gather sweeps: the next one does as well.
        "options": {"queue": _queue, "expires": 2 * JOB_SWEEP_SECONDS},
    }
    for _queue in JOB_QUEUES
}

# Networks of one's own that scores may use lie here and nowhere else: their files hold programs.
EXTRACTOR_DIR = Path(env.text("EXTRACTOR_DIR", str(DATA_DIR / "extractors")))
# Inception weights for FID proper: a file given here is used before cache and download.
METRICS_INCEPTION_WEIGHTS = env.text("METRICS_INCEPTION_WEIGHTS", "")
# The metrics library reads these two by itself; what it would refuse stops the start.
for _name, _value in (
    ("METRICS_CACHE", env.text("METRICS_CACHE", "")),
    ("METRICS_OFFLINE", str(env.flag("METRICS_OFFLINE", False)).lower()),
):
    if os.environ.pop(f"{_name}_FILE", ""):
        os.environ[_name] = _value  # it knows no settings in files

# --- panels -----------------------------------------------------------------------------------------
# Panel ids are kept for payment as ciphertext under this key; without it nobody can be paid a bonus.
PANEL_ID_KEY = env.text("PANEL_ID_KEY", "") or _kept_secret(DATA_DIR / "panel_id_key")
PANEL_ID_RETENTION_DAYS = env.whole("PANEL_ID_RETENTION_DAYS", 90)  # after a posting is closed
PANEL_POLL_SECONDS = env.whole("PANEL_POLL_SECONDS", 120, least=1)
PANEL_TIMEOUT_SECONDS = env.number("PANEL_TIMEOUT_SECONDS", 20)
PROLIFIC_URL = env.site("PROLIFIC_URL", "https://api.prolific.com/api/v1")
PROLIFIC_TOKEN = env.text("PROLIFIC_TOKEN", "")
PROLIFIC_PROJECT = env.text("PROLIFIC_PROJECT", "")
# Where the groups are made by which Prolific keeps out those who took part before.
PROLIFIC_WORKSPACE = env.text("PROLIFIC_WORKSPACE", "")
PROLIFIC_FEE_RATE = env.exact("PROLIFIC_FEE_RATE", "0.428")  # of rewards and bonuses; see your contract
PROLIFIC_WEBHOOK_SECRET = env.text("PROLIFIC_WEBHOOK_SECRET", "")
# "sandbox", "production" or an address. AWS says that it closed MTurk on 30 September 2026.
MTURK_ENDPOINT = env.text("MTURK_ENDPOINT", "sandbox")
if MTURK_ENDPOINT not in {"sandbox", "production"}:
    MTURK_ENDPOINT = env.site("MTURK_ENDPOINT", "")
# Sites that may be handed a worker's finished assignment.
MTURK_SUBMIT_ORIGINS = env.items(
    "MTURK_SUBMIT_ORIGINS", default=["https://www.mturk.com", "https://workersandbox.mturk.com"]
)
# A queue (SQS) into which MTurk may put its notifications; without one we look for ourselves now and then.
MTURK_QUEUE_URL = env.site("MTURK_QUEUE_URL", "")
PANEL_LISTEN_SECONDS = env.whole("PANEL_LISTEN_SECONDS", 15, least=1)
CELERY_BEAT_SCHEDULE["look at the panels"] = {
    "task": "recruitment.look",
    "schedule": PANEL_POLL_SECONDS,
    "options": {"queue": "default", "expires": PANEL_POLL_SECONDS},
}
if MTURK_QUEUE_URL:
    CELERY_BEAT_SCHEDULE["listen to the panels"] = {
        "task": "recruitment.listen",
        "schedule": PANEL_LISTEN_SECONDS,
        "options": {"queue": "default", "expires": PANEL_LISTEN_SECONDS},
    }
CELERY_BEAT_SCHEDULE["forget old panel ids"] = {  # every hour, for machines that are not on all day
    "task": "recruitment.forget",
    "schedule": 3600,
    "options": {"queue": "default", "expires": 3600},
}

# --- exports ----------------------------------------------------------------------------------------
EXPORT_DAYS = env.whole("EXPORT_DAYS", 7)  # how long the files of exports are kept; 0 keeps them
CELERY_BEAT_SCHEDULE["remove old exports"] = {  # every hour, for machines that are not on all day
    "task": "workspace.remove_exports",
    "schedule": 3600,
    "options": {"queue": "default", "expires": 3600},
}

# --- votes ------------------------------------------------------------------------------------------
SESSION_TOKEN_DAYS = env.whole("SESSION_TOKEN_DAYS", 30, least=1)  # then raters open their link again
SEAL_SECONDS = env.whole(
    "SEAL_SECONDS", 60, least=1
)  # how often new votes are bound into their study's chain
CELERY_BEAT_SCHEDULE["seal new votes"] = {
    "task": "rating.seal",
    "schedule": SEAL_SECONDS,
    "options": {"queue": "default", "expires": SEAL_SECONDS},
}
STEER_SECONDS = env.whole(
    "STEER_SECONDS", 30, least=1
)  # how often open studies are looked at: next pairs, stopping rules, live intervals
CELERY_BEAT_SCHEDULE["steer studies"] = {
    "task": "rating.steer",
    "schedule": STEER_SECONDS,
    "options": {"queue": "default", "expires": STEER_SECONDS},
}

# --- cache: throttles count here --------------------------------------------------------------------
# Without Redis each web process counts for itself, so limits are up to that many times as wide.
# Django's file cache would share the counts, but forgets a third of them beyond a few hundred raters.
REDIS_URL = env.address("REDIS_URL", "", ("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "humaneval.config.shared_cache.SharedCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": tls.of_cache(REDIS_URL, TLS_CA_FILE),
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

BEHIND_PROXY = env.flag("BEHIND_PROXY", False)
NUM_PROXIES = env.whole("NUM_PROXIES", int(BEHIND_PROXY))

# --- people and what they may do --------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
    "humaneval.teams.backend.TeamBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("admin:login")
LOGIN_REDIRECT_URL = reverse_lazy("admin:index")
# Wrong passwords: so many under one name from one address, then that pair waits; so many from all addresses,
# then the name waits in browsers in which it was never used (humaneval/account/guarding.py).
AXES_FAILURE_LIMIT = env.whole("LOGIN_FAILURES", 5, least=1)
LOGIN_NAME_FAILURES = env.whole("LOGIN_NAME_FAILURES", 50, least=1)
AXES_COOLOFF_TIME = timedelta(minutes=env.whole("LOGIN_LOCK_MINUTES", 15, least=1))
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "humaneval.account.views.locked_out"
AXES_CLIENT_IP_CALLABLE = "humaneval.account.guarding.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True  # who signed in from where is kept nowhere
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# "required" asks all staff for a code from an app when they sign in (who is signed in already signs in
# again), "optional" those who have set one up.
SECOND_FACTOR = env.choice("SECOND_FACTOR", "optional", ("optional", "required"))
OTP_TOTP_ISSUER = "Human evaluation"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "humaneval.teams.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAdminUser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 100,
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_RATES": {
        "arrival": env.rate("THROTTLE_ARRIVAL", "60/min"),  # new sessions from one address
        "session": env.rate("THROTTLE_SESSION", "600/min"),  # requests of one rating session
        "sign_in": env.rate("THROTTLE_SIGN_IN", "60/hour"),  # passwords from one address
        "forged": env.rate("THROTTLE_FORGED", "60/min"),  # tokens of no session from one address
    },
    "NUM_PROXIES": NUM_PROXIES,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Human evaluation platform",
    "DESCRIPTION": "Studies, votes, scores and reports of generative image models.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "StudyState": "humaneval.studies.states.StudyState",
        "JobState": "humaneval.jobs.models.JobState",
        "SessionState": "humaneval.rating.models.SessionState",
        "IntentKind": "humaneval.recruitment.models.IntentKind",
        "SampleKind": "humaneval.samples.models.SampleKind",
    },
}

# --- safety -----------------------------------------------------------------------------------------
HTTPS = env.flag("HTTPS", PUBLIC_URL.startswith("https://"))
SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", HTTPS)
# Asked from within, where there is neither TLS nor a name in ALLOWED_HOSTS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics|metrics/installation)$"]
SECURE_HSTS_SECONDS = env.whole("HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
# Browsers' built-in lists are hard to leave, and take the whole domain: only for who owns it and asks.
SECURE_HSTS_PRELOAD = env.flag("HSTS_PRELOAD", False)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SECURE_REFERRER_POLICY = "same-origin"
SILENCED_SYSTEM_CHECKS = ["security.W021"]  # what HSTS_PRELOAD leaves to the operator
if BEHIND_PROXY:
    SILENCED_SYSTEM_CHECKS.append("security.W008")  # who sets SSL_REDIRECT=false has a proxy that redirects
X_FRAME_OPTIONS = "DENY"  # rater pages lift it and say by CSP who may frame them
# Who may frame a rater's page: panels do. Any site by default, for the page holds nothing private.
RATER_FRAME_ANCESTORS = env.items("RATER_FRAME_ANCESTORS", ["*"])
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- words, time, logs ------------------------------------------------------------------------------
LANGUAGE_CODE = "en"
# Only languages that all of our words are in: Django's own translations among English ones read badly.
LANGUAGES = [("en", "English")]
TIME_ZONE = "UTC"
USE_I18N = USE_TZ = True
LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"))
LOGGING = logs.configure(LOG_LEVEL, env.choice("LOG_FORMAT", "plain", LOG_FORMATS))

# --- stopping ---------------------------------------------------------------------------------------
# How long a web server that is told to stop serves on, no longer ready; for those behind a proxy that asks.
WEB_DRAIN_SECONDS = env.number("WEB_DRAIN_SECONDS", 0)

# --- seeing it run ----------------------------------------------------------------------------------
# Whoever reads /metrics bears this; without it nobody may.
METRICS_TOKEN = env.text("METRICS_TOKEN", "")
# Whether somebody else makes backups, so that nobody need be told that ours are missing.
BACKUPS_ELSEWHERE = env.flag("BACKUPS_ELSEWHERE", False)
# A port on which each worker tells of itself; 0: on none.
WORKER_METRICS_PORT = env.whole("WORKER_METRICS_PORT", 0)
tracing.check_settings()

coherence.check(
    debug=DEBUG,
    public_url=PUBLIC_URL,
    allowed_hosts=ALLOWED_HOSTS,
    origins=CSRF_TRUSTED_ORIGINS,
    ancestors=RATER_FRAME_ANCESTORS,
    secret_key=SECRET_KEY,
    proxies=NUM_PROXIES if BEHIND_PROXY else None,
    s3_bucket=S3_BUCKET,
    s3={
        name: env.text(name, "")
        for name in ("S3_ENDPOINT_URL", "S3_REGION", "S3_PREFIX", "S3_ACCESS_KEY", "S3_SECRET_KEY")
    },
)
SETTING_NAMES = frozenset(env.names)
