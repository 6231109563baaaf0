"""A server of the product whose sockets send without being asked: `python -m tests.dashboard.sockets.spout daphne`.

It prints its port. `/ws/flood/` sends as fast as it may, `/ws/drip/` a little now and then, `/ws/bye/CODE/` closes.
Any GET answers what each sent so far and which are open, and the most memory the process has used.
"""

import asyncio
import json
import resource
import sys
from collections import Counter
from typing import Any

import django

django.setup()

from channels.routing import ProtocolTypeRouter  # noqa: E402  (these need the settings)

from dashboard.server import serving  # noqa: E402
from dashboard.server.stopping import Stopping  # noqa: E402
from dashboard.sockets import consumers, pace  # noqa: E402

FLOOD, DRIP = "x" * 65_536, "x"
STALLED_SECONDS = 0.5
sent: Counter[str] = Counter()
is_open: set[str] = set()


class Spout(consumers.StreamConsumer):
    """The product's socket, open to everybody."""

    def may_see(self) -> bool:
        return True

    async def _check(self) -> None:
        is_open.add(self.scope["path"])

    async def disconnect(self, code: int) -> None:
        is_open.discard(self.scope["path"])

    async def pump(self) -> None:
        _, _, kind, *more = self.scope["path"].split("/")
        if kind == "bye":
            raise consumers.Gone(int(more[0])) if int(more[0]) != consumers.FAULT else ZeroDivisionError
        while True:
            await self.write(FLOOD if kind == "flood" else DRIP)
            sent[self.scope["path"]] += 1
            await asyncio.sleep(0 if kind == "flood" else 0.01)


async def tell(scope: Any, receive: Any, send: Any) -> None:
    told = {"sent": sent, "open": sorted(is_open), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


if __name__ == "__main__":
    pace.STALLED_SECONDS = STALLED_SECONDS
    listener = serving.bind("127.0.0.1", 0, take_next=False)
    print(listener.getsockname()[1], flush=True)
    stopping = Stopping()
    stopping.hold()
    stopping.watch()
    serving.serve(sys.argv[1], ProtocolTypeRouter({"http": tell, "websocket": Spout.as_asgi()}), listener, stopping)
