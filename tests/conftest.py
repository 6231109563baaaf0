import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from runs.api.authentication import tokens
from runs.external import attempts, leasing
from runs.making import usual
from tests.factories import Api, person, token_of

if sys.dont_write_bytecode:
    # Hundreds of processes would compile the same code; what they compile is kept, but not beside the source.
    sys.dont_write_bytecode = False
    sys.pycache_prefix = str(Path(__file__).parent.parent / ".pytest_cache" / "bytecode")
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

for number in (signal.SIGINT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        # So it is in the background; but what the tests start would be as deaf, which a handler is not handed down for.
        signal.signal(number, lambda *_: None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors, as many tests wait for servers."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session", autouse=True)
def _remembered_however_long_a_test_takes() -> None:
    """A token is remembered for a second, or else costs queries; on a busy machine a test may take longer."""
    tokens._clock = lambda: 0.0


@pytest.fixture(autouse=True)
def _no_remembered_tokens() -> Iterator[None]:
    """The database forgets what a test wrote; so must the process."""
    yield
    tokens.forget()
    attempts.forget()
    leasing.forget()
    usual.forget()


@pytest.fixture
def ada(db: None) -> User:
    """Owns the server."""
    return person("ada", staff=True)


@pytest.fixture
def eve(db: None) -> User:
    """Has an account, and nothing of Ada's."""
    return person("eve")


@pytest.fixture
def api(ada: User) -> Api:
    """Ada's operator, with the command permission."""
    return Api(token_of(ada, "operator", commands=True))
