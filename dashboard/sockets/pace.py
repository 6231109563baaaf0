"""When to make the next frame: pure decisions about coalescing. Times are seconds on any steady clock."""

from dataclasses import dataclass

HTML_SECONDS = 0.1  # ten frames a second at most
JSON_SECONDS = 0.02
RESYNC_SECONDS = 15.0  # a frame is due by then without any hint: hints may be lost
TRY_AGAIN_SECONDS = 1.0  # after a frame could not be made
STALLED_SECONDS = 10.0  # a write that takes longer goes to a reader who is as good as gone


@dataclass(slots=True)
class Beat:
    """The rhythm of one stream: at once after a quiet time, then at most one frame an interval."""

    interval: float
    sent_at: float = float("-inf")
    dirty: bool = True

    def hint(self) -> None:
        """Something has changed."""
        self.dirty = True

    def due_in(self, now: float) -> float:
        """Seconds until the next frame should be made; 0 when it is due."""
        return max(0.0, self.sent_at + (self.interval if self.dirty else RESYNC_SECONDS) - now)

    def made(self, now: float) -> None:
        """A frame is being made now; what changes from here on wants another."""
        self.sent_at = now
        self.dirty = False

    def failed(self, now: float) -> None:
        """It could not be made: there is still something to show, but not at once."""
        self.sent_at = now + TRY_AGAIN_SECONDS - self.interval
        self.dirty = True
