"""Brings letters to webhooks: from a thread of its own, each at least once, again and again until it is taken."""

import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from http.client import HTTPException, HTTPMessage
from typing import IO, Any

from django.db import DatabaseError, connection
from django.utils import timezone

from runs.engine import letters
from runs.models import Letter

log = logging.getLogger(__name__)

LOOKS_EVERY_SECONDS = 1.0
AT_ONCE = 20
PATIENCE_SECONDS = 10.0
UNDER_WAY = timedelta(seconds=60)  # so long is a letter left to whoever has taken it along
KEPT = timedelta(days=30)


class Courier:
    def __init__(self, clock: Callable[[], datetime] = timezone.now) -> None:
        self.clock = clock
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._work, name="courier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Leaves what is not taken yet for the next start."""
        self._leaving.set()
        self._thread.join(PATIENCE_SECONDS + 1)

    def _work(self) -> None:
        while not self._leaving.wait(LOOKS_EVERY_SECONDS):
            try:
                self.round()
            except DatabaseError:
                log.exception("letters to webhooks have to wait")
                connection.close()
        connection.close()

    def round(self) -> int:
        """Brings what is due. Says how many letters that were."""
        now = self.clock()
        due = (
            Letter.objects.filter(next_at__lte=now, webhook__paused_at=None)
            .select_related("webhook")
            .order_by("next_at", "pk")
        )
        brought = 0
        for letter in due[:AT_ONCE]:
            # Only one of several couriers has it; and should this process end now, it is brought again.
            mine = Letter.objects.filter(pk=letter.pk, next_at=letter.next_at).update(next_at=now + UNDER_WAY)
            if mine and not self._leaving.is_set():
                self._note(letter, bring(letter, now))
                brought += 1
        if brought:
            Letter.objects.filter(next_at=None, created_at__lt=now - KEPT).delete()
        return brought

    def _note(self, letter: Letter, error: str) -> None:
        now = self.clock()
        tries = letter.tries + 1
        pause = letters.pause_after(tries) if error else None
        Letter.objects.filter(pk=letter.pk).update(
            tries=tries,
            error=error[:500],
            taken_at=None if error else now,
            next_at=now + timedelta(seconds=pause) if pause else None,
        )


class _NoWayRound(urllib.request.HTTPRedirectHandler):
    """An address that sends us elsewhere has not taken the letter."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Any:
        return None


_opener = urllib.request.build_opener(_NoWayRound)


def bring(letter: Letter, now: datetime) -> str:
    """Posts it once. Empty when it was taken, else what went wrong."""
    number, timestamp = f"msg_{letter.pk}", int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Abreast",
        "webhook-id": number,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": letters.sign(letter.webhook.secret, number, timestamp, letter.body),
    }
    begun = time.monotonic()
    try:
        request = urllib.request.Request(letter.webhook.url, letter.body.encode(), headers, method="POST")  # noqa: S310  (http or https: checked when it was made)
        with _opener.open(request, timeout=PATIENCE_SECONDS):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return f"it answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "reason", error)
        return f"{why} (after {time.monotonic() - begun:.1f} s)"
