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


class Order(models.TextChoices):
    """What an agent may be told."""

    CANCEL = "cancel"
    PAUSE = "pause"
    MESSAGE = "message"


class Scope(models.TextChoices):
    """What a token may do. Operators may lease and report too; agents see no more than what they lease or make."""

    VIEWER = "viewer"
    AGENT = "agent"
    OPERATOR = "operator"
    ADMIN = "admin"


def pairs(enum: type[StrEnum]) -> list[tuple[str, str]]:
    """The choices of a field that holds one of these."""
    return [(word, word.replace("_", " ")) for word in enum]
