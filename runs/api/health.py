"""Is the process there, and does what it needs answer?"""

from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse


def alive(request: HttpRequest) -> JsonResponse:
    """`GET /healthz`: the process answers."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> JsonResponse:
    """`GET /readyz`: database and channel layer answer; 503 and their names when they do not."""
    missing = [name for name, check in {"database": _database, "channel layer": _channel_layer}.items() if not check()]
    state: dict[str, Any] = {"status": "missing" if missing else "ok", "missing": missing}
    return JsonResponse(state, status=503 if missing else 200)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone())
    except DatabaseError:
        return False


def _channel_layer() -> bool:
    layer = get_channel_layer()
    try:
        async_to_sync(layer.send)("readiness", {"type": "readiness"})
        async_to_sync(layer.receive)("readiness")
    except Exception:
        return False
    return True
