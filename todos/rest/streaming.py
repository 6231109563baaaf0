"""Answers that are written while they are sent, so that none is ever whole in memory."""

from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.http import StreamingHttpResponse


class Streamed(StreamingHttpResponse):
    """Its parts come from a plain iterator that may read the database: each is made when the one before was sent."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts = iter(self)

        def following() -> bytes | None:
            return next(parts, None)

        while (part := await sync_to_async(following)()) is not None:
            yield part
