"""Words that are stored, and may be chosen."""

from enum import StrEnum

from django.db import models


class Backend(models.TextChoices):
    EMBEDDED = "embedded"
    CELERY = "celery"
    EXTERNAL = "external"
    TRACKED = "tracked"


class Strategy(models.TextChoices):
    AUTO = "auto"
    PARALLEL = "parallel"
    HYBRID = "hybrid"
    SEQUENTIAL = "sequential"


class Scope(models.TextChoices):
    """What a token may do. An agent's rights are not part of an operator's: it leases and reports."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    ADMIN = "admin"


def pairs(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """The choices of a field that holds one of these."""
    return [(word, word.replace("_", " ")) for word in enum]
