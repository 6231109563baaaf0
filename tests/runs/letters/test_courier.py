"""Letters from the transaction that writes them to the address that takes them, over real HTTP."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from runs import actions, journal, loop
from runs.engine import letters
from runs.letters import webhooks
from runs.letters.courier import Courier
from runs.models import Letter, Webhook
from runs.reports import Said
from tests.factories import person, plant
from tests.runs.factories import NOW, Clock, Work, ada, work

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Address:
    """Somebody's server: it takes letters with this status, and keeps them."""

    def __init__(self) -> None:
        self.status, self.headers = 204, dict[str, str]()
        self.taken: list[tuple[dict[str, str], str]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
                self.taken.append(({name.lower(): text for name, text in handler.headers.items()}, body))
                handler.send_response(self.status)
                for name, text in self.headers.items():
                    handler.send_header(name, text)
                handler.end_headers()

            def log_message(handler, *_: Any) -> None:  # noqa: N805
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.taken]


@pytest.fixture
def address() -> Iterator[Address]:
    made = Address()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


@pytest.fixture
def hook(address: Address, db: None) -> Webhook:
    return Webhook.objects.create(owner=ada(), url=address.url, events=list(letters.EVENTS), secret=SECRET)


def closed(made: Work) -> None:
    with made.entry() as entry:
        loop.run_pass(entry, None)


def done() -> None:
    """A run of one subtask, which is completed."""
    made = work({"a": {}})
    made.do("a")
    closed(made)


def test_a_failure_and_the_end_of_its_run_are_told(hook: Webhook, address: Address) -> None:
    made = work({"a": {}, "b": {}})
    made.do("a", Said.FAIL, error="no luck", retryable=False)
    made.do("b")
    closed(made)
    assert Courier(Clock(NOW + timedelta(days=1))).round() == 2
    failed, ended = address.told
    assert (failed["type"], failed["data"]["subtask"], failed["data"]["error"]) == ("subtask.failed", "a", "no luck")
    assert (ended["type"], ended["data"]["status"], ended["data"]["run"]) == ("run.ended", "failed", str(made.run.pk))
    assert ended["data"]["counts"]["completed"] == 1
    assert Courier(Clock(NOW + timedelta(days=2))).round() == 0


def test_every_letter_is_signed(hook: Webhook, address: Address) -> None:
    done()
    now = NOW + timedelta(days=1)
    Courier(Clock(now)).round()
    ((headers, body),) = address.taken
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))
    assert headers["webhook-id"] == f"msg_{Letter.objects.get().pk}"
    expected = letters.sign(SECRET, headers["webhook-id"], int(now.timestamp()), body)
    assert headers["webhook-signature"] == expected


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_what_is_not_taken_is_brought_again_later_as_the_same(hook: Webhook, address: Address, status: int) -> None:
    done()
    clock = Clock(NOW + timedelta(days=1))
    address.status, address.headers = status, {"Location": address.url + "/elsewhere"}
    courier = Courier(clock)
    assert courier.round() == 1
    assert courier.round() == 0  # not yet
    assert Letter.objects.get().error == f"it answered {status}"
    address.status = 200
    clock.advance(letters.PAUSES[0])
    assert courier.round() == 1
    first, second = (headers["webhook-id"] for headers, _ in address.taken)
    assert first == second
    assert Letter.objects.get().taken_at == clock.now


def test_an_address_where_nobody_is_is_given_up_in_the_end(hook: Webhook) -> None:
    Webhook.objects.update(url="http://127.0.0.1:9/")
    done()
    clock = Clock(NOW + timedelta(days=1))
    courier = Courier(clock)
    rounds = 0
    while courier.round():
        rounds += 1
        clock.advance(86_400)
    assert rounds == len(letters.PAUSES) + 1
    letter = Letter.objects.get()
    assert (letter.next_at, letter.taken_at) == (None, None)
    assert letter.error


def test_a_letter_that_is_under_way_is_not_brought_twice(hook: Webhook, address: Address) -> None:
    done()
    clock = Clock(NOW + timedelta(days=1))
    due = Letter.objects.get()
    first = Letter.objects.filter(pk=due.pk, next_at=due.next_at).update(next_at=clock.now + timedelta(seconds=60))
    assert first == 1
    assert Courier(clock).round() == 0
    clock.advance(61)  # whoever took it along has died
    assert Courier(clock).round() == 1


def test_one_that_is_paused_gets_what_waits_when_it_goes_on_and_nothing_of_meanwhile(
    hook: Webhook, address: Address
) -> None:
    done()
    webhooks.pause(hook, NOW)
    done()
    later = Courier(Clock(NOW + timedelta(days=1)))
    assert (Letter.objects.count(), later.round()) == (1, 0)
    webhooks.resume(hook)
    assert (later.round(), [letter["type"] for letter in address.told]) == (1, ["run.ended"])


def test_the_time_of_a_letter_is_utc_and_says_so(hook: Webhook) -> None:
    done()
    assert json.loads(Letter.objects.get().body)["timestamp"].endswith("Z")


def test_only_what_is_wanted_is_written_and_only_for_its_owner(hook: Webhook) -> None:
    Webhook.objects.create(
        owner=User.objects.create(username="eve"), url="http://127.0.0.1:9/", events=list(letters.EVENTS), secret=SECRET
    )
    Webhook.objects.filter(pk=hook.pk).update(events=["subtask.failed"])
    done()
    assert not Letter.objects.exists()


def test_a_question_is_told(db: None, address: Address) -> None:
    owner = person("ada", staff=True)
    Webhook.objects.create(owner=owner, url=address.url, events=["attention"], secret=SECRET)
    todo = plant(owner, subtasks=[{"content": "ok?", "executor": {"name": "approval", "question": "Go on?"}}])
    run = actions.start(todo, actions.Options())
    with transaction.atomic(), journal.of(run.pk, timezone.now()) as entry:
        loop.run_pass(entry, None)
    Courier().round()
    assert [(one["type"], one["data"]["questions"]) for one in address.told] == [("attention", 1)]
