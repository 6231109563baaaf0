"""Static files: served from the home folder under names that hold their digest, compressed beforehand."""

from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(StaticFilesConfig):
    """Leaves out what packages bring along and no page of ours asks for: to compress it is most of a first start."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "*.html", "swagger-ui-es-bundle*"]


class Storage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's, which also follows the imports of JavaScript modules."""

    support_js_module_import_aggregation = True


def is_stale() -> bool:
    """Whether a source is newer than what was collected from it last."""
    try:
        collected = (Path(settings.STATIC_ROOT) / Storage.manifest_name).stat().st_mtime
    except FileNotFoundError:
        return True
    return any(Path(storage.path(name)).stat().st_mtime > collected for name, storage in _sources())


def _sources() -> list:
    patterns = StaticFiles.ignore_patterns
    return [found for finder in get_finders() for found in finder.list(patterns)]
