"""The same settings, with a transport that fails once, as Redis's does when Redis is killed at the wrong moment."""

import os
from pathlib import Path
from typing import Any

from kombu.transport.redis import Channel

from tests.conformance.settings import *  # noqa: F403

_fails = Path(os.environ["GIVES_UP"])  # while this file is there
_channel: Any = Channel
_read = _channel._brpop_read


def _fail_once(channel: Any, **options: Any) -> Any:
    if _fails.exists():
        _fails.unlink()
        raise AttributeError("'NoneType' object has no attribute 'hostname'")
    return _read(channel, **options)


_channel._brpop_read = _fail_once
