"""The product's settings, on a home folder of the tests' own."""

import os
from pathlib import Path

from tests import temporary

os.environ["ABREAST_HOME"] = temporary.home()
os.environ.setdefault("ABREAST_SECRET_KEY", "only for the tests")

from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATABASES, HOME, STATIC_ROOT

DATABASES["default"].get("OPTIONS", {}).pop("pool", None)  # a database with connections in a pool cannot be dropped

STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # whitenoise warns when there is none

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True  # static files straight from the source tree
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if DATABASES["default"]["ENGINE"] == "dashboard.sqlite":
    # A file, not memory: threads with connections of their own must meet in it, as they do in the product.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(HOME) / "test.sqlite3")}
