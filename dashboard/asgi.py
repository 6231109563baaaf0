"""What the server calls: guards outermost, then HTTP to Django and sockets to the consumers."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
django = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402  (these need the settings)
from django.conf import settings  # noqa: E402
from django.urls import path, re_path  # noqa: E402

from dashboard.middleware import HEADERS  # noqa: E402
from dashboard.server.bodies import BoundedBodies  # noqa: E402
from dashboard.server.guard import Guard  # noqa: E402
from dashboard.sockets.consumers import OverviewConsumer, RunConsumer, Unknown  # noqa: E402
from runs.api.lean import Lean  # noqa: E402
from runs.mcp.server import Mcp  # noqa: E402
from todos.rest import paths  # noqa: E402, F401  (registers the converters)

sockets = URLRouter(
    [
        path("ws/runs/<id:run_id>/", RunConsumer.as_asgi()),
        path("ws/overview/", OverviewConsumer.as_asgi()),
        re_path("", Unknown.as_asgi()),
    ]
)
mcp = Mcp(django)
lean = Lean(django, HEADERS)


async def requests(scope: Any, receive: Any, send: Any) -> None:
    """What is no page and no REST: one path. What agents ask for all the time goes the short way."""
    await (mcp if scope["path"] == "/mcp" else lean)(scope, receive, send)


application = Guard(
    ProtocolTypeRouter({"http": BoundedBodies(requests), "websocket": sockets}),
    settings.SERVED_HOSTS,
    settings.PUBLIC_URL,
)
