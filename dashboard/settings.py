"""All settings, read from the environment once. `docs/settings.md` says what each is for."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key
from whitenoise.compress import Compressor

from dashboard import env
from dashboard.server import logs

BASE_DIR = Path(__file__).resolve().parent.parent

# ---- where things are ----
HOME = Path(env.text("ABREAST_HOME") or BASE_DIR / "var").resolve()
WORKSPACE = Path(env.text("ABREAST_WORKSPACE") or Path.cwd()).resolve()
OUTPUTS = Path(env.text("ABREAST_OUTPUTS") or HOME / "outputs").resolve()


def _secret_key() -> str:
    """The key from the environment, else one made at the first start and kept in the home folder for its owner only.

    The folder is made in any case: the rest is kept there too.
    """
    try:
        HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
        return env.secret("ABREAST_SECRET_KEY") or env.kept(HOME / "secret_key", get_random_secret_key)
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"ABREAST_HOME must be a folder that can be written to ({error})") from None


SECRET_KEY = _secret_key()
DEBUG = env.flag("ABREAST_DEBUG", False)

# ---- who may reach it ----
BIND_HOST = env.text("HOST") or "127.0.0.1"
BIND_PORT = env.number("PORT", 8000, low=1, high=65535)
SERVER = env.choice("SERVER", "daphne", ("daphne", "uvicorn"))
# By these names: a page of somebody else's that has a name of its own lead to this machine does not get in.
SERVED_HOSTS = env.words("ABREAST_ALLOWED_HOSTS") or env.hosts("127.0.0.1", "localhost", "::1", BIND_HOST)
# Where a proxy answers that ends TLS and passes everything on to this server as it comes.
PUBLIC_URL = env.address("ABREAST_PUBLIC_URL")
SERVED_HOSTS += [PUBLIC_URL.partition("://")[2]] if PUBLIC_URL else []
ALLOWED_HOSTS = env.names(SERVED_HOSTS)  # Django knows no ports; the guard does

# ---- what it is made of ----
INSTALLED_APPS = [
    "daphne",
    "dashboard.apps.DashboardConfig",
    "runs.apps.RunsConfig",
    "todos.apps.TodosConfig",
    "dashboard.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "dashboard.server.static.StaticFiles",
    "channels",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "dashboard.middleware.headers",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # The last one: it calls the view itself.
    "runs.api.idempotency.IdempotencyKeys",
]
ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
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
            ],
        },
    },
]

# ---- database and hints ----
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # Columns come as they are stored: Django's fields read times and truths by themselves, `runs/sql.py` what it needs.
    "detect_types": 0,
    # FULL: what was acknowledged survives a power cut; group commit makes it cheap. Checkpoints are the ledger's alone.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
        "PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000"
    ),
}
# A process that stands still in the middle of a transaction, or whose machine is gone, holds up the others for so long.
DATABASE_IDLE_SECONDS = 15
DATABASE_URL = env.text("DATABASE_URL")
DATABASES: dict[str, dict[str, Any]]
if DATABASE_URL:
    try:
        DATABASES = {"default": dict(dj_database_url.parse(DATABASE_URL))}
        if "postgresql" in DATABASES["default"]["ENGINE"]:
            # A pool: under ASGI each request has a thread of its own. Connections are tried before they are used again.
            _options = DATABASES["default"].setdefault("OPTIONS", {})
            _options["pool"] = {"min_size": 1, "max_size": 20, "timeout": 10}
            _idle = f"-c idle_in_transaction_session_timeout={DATABASE_IDLE_SECONDS}s"
            _options["options"] = f"{_idle} {_options.get('options', '')}".strip()
            DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL is no address of a database: {error}") from None
else:
    DATABASES = {"default": {"ENGINE": "dashboard.sqlite", "NAME": HOME / "abreast.sqlite3", "OPTIONS": SQLITE_OPTIONS}}
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL")
if REDIS_URL:
    # Its reads wait for five seconds at a time: the time-out must be longer.
    REDIS = {"address": REDIS_URL, "socket_timeout": 15, "socket_connect_timeout": 5}
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": {"hosts": [REDIS]}}}
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# ---- what processes say ----
LOGGING = logs.settings_for(env.choice("ABREAST_LOG", "text", ("text", "json")))

# ---- people, time, language ----
AUTH_PASSWORD_VALIDATORS = [{"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"}]
LOGIN_URL = "/login/"
# Ports of one host share their cookies: the port in the name keeps two servers apart.
SESSION_COOKIE_NAME = f"abreast_session_{BIND_PORT}"
CSRF_COOKIE_NAME = f"abreast_csrf_{BIND_PORT}"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https:")
CSRF_FAILURE_VIEW = "dashboard.views.errors.csrf_failure"
LANGUAGE_CODE = "en"
USE_I18N = False
FORMAT_MODULE_PATH = ["dashboard.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

# ---- static files ----
STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "dashboard.server.static.Storage"},
}
# Collecting is most of a first start: nothing twice, and nothing compressed that only developers' tools fetch.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [*Compressor.SKIP_COMPRESS_EXTENSIONS, "map"]

# ---- the REST API; limits of single endpoints stand with them ----
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["runs.api.authentication.BearerToken", "runs.api.authentication.SignedIn"],
    "DEFAULT_PERMISSION_CLASSES": ["runs.api.permission.InScope"],
    "DEFAULT_SCHEMA_CLASS": "todos.rest.schema.OperationSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    # Endpoints read their bodies by a stricter parser than any of these.
    "DEFAULT_PARSER_CLASSES": [],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "todos.rest.answering.on_error",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Abreast",
    "DESCRIPTION": "Work that many agents do in parallel: todos, runs, leases, reports.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
    "SERVE_PERMISSIONS": ["runs.api.permission.InScope"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# ---- how work is run: the papers' defaults ----
LEASE_SECONDS = 15
HEARTBEAT_SECONDS = 5
LEAD_SECONDS = 10  # of silence of the orchestrator that leads, until another takes over
BACKSTOP_SECONDS = 15  # after its time-out Celery's soft limit ends a subtask, after as many again the hard one
# Agents that register: at all, below a parent, below one of those; whoever is silent for so long counts no more.
AGENTS_MOST = 1_000
AGENT_DEPTH = 3
AGENT_SPECIALISTS = 4
AGENT_EXECUTORS = 8
AGENT_FORGOTTEN_SECONDS = 3_600
COMMANDS_KEPT = 10_000  # that agents have not been told yet
SUBTASK_TIMEOUT_SECONDS = 300.0
APPROVAL_TIMEOUT_SECONDS = 7 * 86_400.0
SUBTASK_MAX_RETRIES = 2
SUBTASK_MAX_ITERATIONS = 10
SUBTASK_EXPECTED_SECONDS = 30.0
# Of each resource that nobody has set a limit for. Who has waited longer for its claims has them kept free.
API_CALLS_PER_SECOND = 10.0
DATABASE_CONNECTIONS = 10
MEMORY_SHARE = 0.8  # of the memory of this machine
CLAIM_PATIENCE_SECONDS = 60
# Subtasks this server carries out at once: of each pool (none named: no limit), commands in all, and of each sort. Of
# this machine, the share of each pool, which it may only exceed while no other has work waiting.
POOL_LIMITS: dict[str, int] = {}
COMMAND_LIMIT = 16
COMMAND_LIMITS = {"build": 4, "system": 3, "git": 2, "package": 2, "process": 2, "file": 2, "network": 1}
POOL_SHARES = {
    "web": {"cpu": 0.20, "memory": 0.25, "io": 0.10, "network": 0.60, "storage": 0.15},
    "codebase": {"cpu": 0.40, "memory": 0.50, "io": 0.70, "network": 0.05, "storage": 0.60},
    "bash": {"cpu": 0.30, "memory": 0.15, "io": 0.15, "network": 0.20, "storage": 0.20},
    "coordination": {"cpu": 0.10, "memory": 0.10, "io": 0.05, "network": 0.15, "storage": 0.05},
}
BARRIER_SECONDS = 30
AGING_SECONDS = 60
RUN_MAX_AGENTS = 4
RUN_REPORT_PAGE = "dashboard.pages.run_report.page"  # what makes the report of a run as one HTML file
RUN_MAX_SUBTASKS = env.number("ABREAST_MAX_SUBTASKS", 10_000, low=1, high=1_000_000)
# Work that its agents report: how long a run stays open for more once all has ended, the same while a session of hooks
# lives, and after which silence it is given up.
TRACKED_OPEN_SECONDS = 30
TRACKED_SESSION_SECONDS = 1_800
TRACKED_SILENCE_SECONDS = 86_400
TRACKED_MAX_AGENTS = 1_000
EMBEDDED_MAX_WORKERS = env.number("ABREAST_MAX_WORKERS", 64, low=1, high=1_000)
DEMO = env.flag("DEMO", True)
SHELL = env.choice("ABREAST_SHELL", "sandbox", ("sandbox", "trusted", "off"))
SHELL_PROGRAMS = env.words("ABREAST_SHELL_PROGRAMS")  # the only ones that commands may run; none named: all
SHELL_READABLE = env.words("ABREAST_SHELL_READABLE")  # folders that commands may read besides system and workspace
HTTP_ALLOW = env.reachable("ABREAST_HTTP_ALLOW")  # whom the executor `http` may reach
SEARXNG_URL = env.text("ABREAST_SEARXNG_URL")  # whom the executor `web_search` asks
# Agents of the executor `agent`: variables of the server's environment that they get, whether they get its network, and
# names for command lines that take a prompt on their standard input.
AGENT_ENVIRONMENT = env.words("ABREAST_AGENT_ENVIRONMENT")
AGENT_NETWORK = env.flag("ABREAST_AGENT_NETWORK", False)
AGENT_URL = env.text("ABREAST_URL")  # where they find this server; `manage.py up` knows where it is itself
AGENT_PRESETS = {
    "claude": ["claude", "--print", "--output-format", "json"],
    "codex": ["codex", "exec", "--json", "-"],
    "gemini": ["gemini", "--output-format", "json"],
}
# What a command may use: each of its processes, or all together. What forks share counts for each in the total.
SHELL_MEMORY_BYTES = 512 * 1024 * 1024
SHELL_TOTAL_MEMORY_BYTES = 1024 * 1024 * 1024
SHELL_MAX_PROCESSES = 64
SHELL_CPU_SECONDS = 300
SHELL_FILE_MAX_BYTES = 256 * 1024 * 1024
OUTPUT_MAX_BYTES = 50 * 1024 * 1024
RESULT_MAX_BYTES = 1024 * 1024
READ_MAX_BYTES = 64 * 1024 * 1024  # the executor `read` refuses files over this; its text is cut much earlier
# Of each strategy of `search`: how long it may take, on the clock and of a processor; of the index of a workspace.
SEARCH_SECONDS = 30.0
SEARCH_CPU_SECONDS = 5.0
SEARCH_INDEX_MAX_BYTES = 512 * 1024 * 1024
PYTHON_CALLS = ["runs.executors.explore", "runs.executors.survey"]
