"""Secrets do not get into what is stored, in whatever form and in however many pieces."""

import base64
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from pytest_django import Settings

from runs import outputs
from runs.executors import redact
from runs.executors.base import Failed, Job, Outcome
from runs.executors.redact import INSTEAD, Redacted, Redactor, redactor
from tests.runs.acting import Stage, register
from tests.runs.executors.conftest import Kept

SECRET = 'sesame "öffne" dich/now'
TOKEN = "abr_o_" + "Ab-_9" * 8 + "xyz"
FORMS = [
    SECRET,
    TOKEN,
    base64.b64encode(SECRET.encode()).decode(),
    base64.urlsafe_b64encode(SECRET.encode()).decode(),
    base64.b64encode(SECRET.encode()).decode().rstrip("="),
    quote(SECRET, safe=""),
    SECRET.replace('"', '\\"'),
]


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    redact.forget()
    yield
    redact.forget()


def known() -> Redactor:
    return Redactor(frozenset({SECRET, "short"}))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_replaced(form: str) -> None:
    assert known().text(f"before {form} after {form}") == f"before {INSTEAD} after {INSTEAD}"


def test_short_words_and_what_only_looks_like_a_token_stay() -> None:
    for text in ("short", "abr_", "abr_x_123", "abreast", TOKEN[:-1], "abr_O_" + TOKEN[6:]):
        assert known().text(text) == text


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_in_two_pieces_is_replaced_wherever_it_is_cut(form: str) -> None:
    data = f"before {form} after".encode()
    for at in range(len(data) + 1):
        kept = Kept()
        output = Redacted(kept, known())
        output.write(data[:at])
        output.write(data[at:])
        output.close()
        assert kept.data == f"before {INSTEAD} after".encode(), at


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_comes_byte_by_byte_is_replaced(form: str) -> None:
    kept = Kept()
    output = Redacted(kept, known())
    for byte in f"{form}|{form}".encode():
        output.write(bytes([byte]))
    output.close()
    assert kept.data == f"{INSTEAD}|{INSTEAD}".encode()


def test_what_is_no_secret_comes_out_as_it_went_in() -> None:
    kept = Kept()
    output = Redacted(kept, known())
    data = bytes(range(256)) * 300 + b"abr_o_abr_o_" + SECRET[:9].encode()
    for at in range(0, len(data), 7):
        output.write(data[at : at + 7])
    output.close()
    assert kept.data == data


def test_results_are_redacted_in_values_and_names() -> None:
    value = {"a": [f"x{TOKEN}", 7, None, True], SECRET: {"b": SECRET}}
    assert known().value(value) == {"a": [f"x{INSTEAD}", 7, None, True], INSTEAD: {"b": INSTEAD}}
    clean = {"a": [1, "x"]}
    assert known().value(clean) is clean


def test_what_cannot_be_stored_is_left_to_those_who_refuse_it() -> None:
    for value in (float("nan"), "\ud800", {1: 2}, object()):
        assert known().value(value) is value


def test_the_servers_secrets_are_known_by_the_names_of_its_variables(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.SECRET_KEY, settings.AGENT_ENVIRONMENT = "the key of the server", ["HANDED_OVER"]
    given = {"MODEL_API_KEY": "value-of-key", "FORGE_TOKEN": "value-of-token", "DATABASE_URL": "pg://me:word@host/a"}
    harmless = {
        "SOME_URL": "http://127.0.0.1:8000/",
        "EDITOR": "vim-extended",
        "ABREAST_SECRET_KEY_FILE": "/etc/secret",
    }
    for name, value in (given | harmless | {"HANDED_OVER": "given to agents"}).items():
        monkeypatch.setenv(name, value)
    secret = [*given.values(), "given to agents", "the key of the server"]
    assert redactor({}).text("|".join(secret)) == "|".join([INSTEAD] * len(secret))
    assert redactor({}).text("|".join(harmless.values())) == "|".join(harmless.values())


def test_what_a_subtask_gives_its_command_is_known_for_that_subtask() -> None:
    spec = {"name": "shell", "env": {"FORGE_TOKEN": "only for this", "COLUMNS": "12345678"}}
    assert redactor(None, spec).text("only for this 12345678") == f"{INSTEAD} 12345678"
    assert redactor({}).text("only for this") == "only for this"
    assert redactor({"env": {"A_KEY": "\ud800" * 9, "B_KEY": 7, 3: "x"}}, {"env": 7}).text("x") == "x"


def test_nothing_of_an_attempt_keeps_a_secret(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODEL_API_KEY", SECRET)

    def tell(job: Job) -> Outcome:
        job.output.write(f"out {SECRET[:5]}".encode())
        job.output.write(f"{SECRET[5:]} {TOKEN}".encode())
        return Outcome({"found": SECRET})

    def fail(job: Job) -> Outcome:
        raise Failed(f"wrong: {SECRET}", retryable=False, partial_result=[TOKEN])

    def crash(job: Job) -> Outcome:
        raise ValueError(SECRET)

    for name, run in (("tell", tell), ("fail", fail), ("crash", crash)):
        register(monkeypatch, name, run)
    outline = {name: {"executor": {"name": name}, "max_retries": 0} for name in ("tell", "fail", "crash")}
    made = stage.run(outline)
    stage.until(lambda: made.status("tell") == "completed" and made.status("fail") == made.status("crash") == "failed")
    assert made.subtask("tell").result == {"found": INSTEAD}
    assert made.subtask("fail").error == f"wrong: {INSTEAD}"
    assert made.attempt("fail").partial_result == [INSTEAD]
    assert made.subtask("crash").error == f"ValueError: {INSTEAD}"
    kept = outputs.read(made.run_id, made.subtask("tell").pk, made.attempt("tell").epoch)
    assert kept == f"out {INSTEAD} {INSTEAD}".encode()
