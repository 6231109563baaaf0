"""Static files: served from the home folder under names that hold their digest, compressed beforehand."""

import shutil
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(StaticFilesConfig):
    """Leaves out what packages bring along and no page of ours asks for: to compress it is most of a first start."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "*.html", "swagger-ui-es-bundle*"]


class Storage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's, which also follows the imports of JavaScript modules."""

    support_js_module_import_aggregation = True


def is_stale() -> bool:
    """Whether a source is newer than what was collected from it last, or that was never finished."""
    try:
        collected = _finished().stat().st_mtime
    except FileNotFoundError:
        return True
    return any(Path(storage.path(name)).stat().st_mtime > collected for name, storage in _sources())


def collect() -> None:
    """Collects all sources. What an earlier attempt left half written is thrown away first: by its names alone it
    would pass for whole."""
    try:
        _finished().unlink()
    except FileNotFoundError:
        shutil.rmtree(settings.STATIC_ROOT, ignore_errors=True)
    call_command("collectstatic", verbosity=0, interactive=False)
    _finished().touch()


def _finished() -> Path:
    return Path(settings.STATIC_ROOT) / "finished"


def _sources() -> list:
    patterns = StaticFiles.ignore_patterns
    return [found for finder in get_finders() for found in finder.list(patterns)]
