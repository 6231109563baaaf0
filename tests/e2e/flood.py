"""A database whose every text wants to be run: all that an agent or a person can set, in every state there is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db import models, transaction

from runs import transitions
from runs.models import Agent, Command, Delivery, Event, Resource, Run, Subtask, Token
from runs.reports import Report, Said
from tests.e2e import payloads
from tests.scenes import Scene, scene
from todos.models import Todo

MANY = len(payloads.ALL)
KEYS = [f"k{number:03d}" for number in range(MANY)]
COMPLETED, FAILED, AT_WORK = KEYS[:60], KEYS[60:120], KEYS[120:150]
ASKING, WAITING = KEYS[120:124], KEYS[150:]
# What no agent and no person writes: what is derived, drawn from a set of words, or kept to a pattern.
OURS = {
    "key",
    "subtask",
    "digest",
    "result_digest",
    "output_digest",
    "waits_key",
    "claims_group",
    "end_reason",
    "topic",
}
OURS |= {"kind", "before", "after", "mode", "pool", "waits_for", "end_reason", "principal", "secret", "holder", "shape"}
OURS |= {"counts", "lanes", "spec", "parts", "reported", "state", "body", "content_type", "data", "budget", "events"}
ONLY_WHERE_SET = {"question"}


@dataclass(frozen=True, slots=True)
class Flooded:
    """`run` is under way, `ended` is over, `todo` is what the first was made of."""

    run: Scene
    ended: Scene
    todo: int


def flooded(owner: User) -> Flooded:
    ended = _ended(owner)
    there = _under_way(owner)
    _many(owner, ended.run)
    with transaction.atomic():
        for app in ("todos", "runs"):
            for model in apps.get_app_config(app).get_models():
                _fill(model)
    for made in (there, ended):
        Run.objects.filter(pk=made.run_id).update(content=payloads.together(10_000))
    Subtask.objects.filter(key__in=[COMPLETED[0], FAILED[0], AT_WORK[-1], "b"]).update(**_long())
    User.objects.filter(pk=owner.pk).update(username=payloads.of(7, 150), first_name=payloads.of(38, 150))
    return Flooded(there, ended, there.run.todo_id or 0)


# ---- what happens ----


def _under_way(owner: User) -> Scene:
    claims = {key: [_claim(at)] for at, key in enumerate([*AT_WORK, *WAITING[:-4]])}
    claims[WAITING[0]] = claims[AT_WORK[0]]
    there = scene(owner, KEYS, {WAITING[-1]: AT_WORK[:3], WAITING[-2]: WAITING[:1]}, claims=claims, max_agents=64)
    _begin(there, [*COMPLETED, *FAILED, *AT_WORK])
    for key in (COMPLETED[0], FAILED[0], AT_WORK[-1]):
        there.print(key, payloads.together() + "\n")
    there.later(2)
    _say(there, [_report(there, Said.BEAT, key, message=_text(key), progress=0.5) for key in [*COMPLETED, *AT_WORK]])
    _say(there, [_report(there, Said.BEAT, key, question=_text(key)) for key in ASKING])
    there.later(5)
    _say(there, [_report(there, Said.COMPLETE, key, result=_result(key), warning=_text(key)) for key in COMPLETED])
    _say(there, [_report(there, Said.FAIL, key, error=_text(key), retryable=False) for key in FAILED])
    return there


def _ended(owner: User) -> Scene:
    made = scene(owner, "abc", {"c": ["a"]})
    made.start("a", "b")
    made.later(10)
    made.complete("a", result=_result("k005"))
    made.fail("b", error=payloads.together(4_000))
    made.start("c")
    made.later(10)
    made.complete("c")
    return made


def _begin(there: Scene, keys: list[str]) -> None:
    made = Agent.objects.bulk_create(
        Agent(name=payloads.of(at, 200), kind=payloads.of(at, 64), capabilities=[payloads.of(at, 64)])
        for at in range(MANY)
    )
    with there.entry() as entry:
        transitions.move(entry, "start")
        transitions.lease(entry, [there._pick(key, made[at]) for at, key in enumerate(keys)])


def _report(there: Scene, said: Said, key: str, **more: Any) -> Report:
    attempt = there.attempt(key)
    return Report(said, there.run_id, attempt.pk, attempt.epoch, at=there.now, **more)


def _say(there: Scene, reports: list[Report]) -> None:
    with there.entry() as entry:
        transitions.apply(entry, [replace(report) for report in reports], chance=0.0)


def _many(owner: User, run: Run) -> None:
    """As many todos, runs, tokens and limits as there are texts, so that every list has them all."""
    Todo.objects.bulk_create(Todo(owner=owner, content="x") for _ in range(MANY))
    taken = {field.attname: getattr(run, field.attname) for field in Run._meta.concrete_fields if field.name != "id"}
    Run.objects.bulk_create(Run(**taken) for _ in range(MANY))
    Token.objects.bulk_create(Token(name="x", digest=str(at), scope="agent", owner=owner) for at in range(MANY))
    Resource.objects.bulk_create(Resource(kind="api", name=payloads.of(at, 500), capacity=1) for at in range(MANY))
    told = Command.objects.create(command="message", data={"text": payloads.of(3)})
    Delivery.objects.create(command=told, agent=Agent.objects.order_by("pk")[0])


# ---- what is written over it ----


def _fill(model: type[models.Model]) -> None:
    fields = list(_texts(model))
    if not fields or model in (Event, Agent, Resource):  # what happened gave events theirs; names are there once
        return
    for at, row in enumerate(model._default_manager.all()):
        written = [field for field in fields if field.name not in ONLY_WHERE_SET or getattr(row, field.name)]
        for field in written:
            setattr(row, field.name, _value(field, at))
        row.save(update_fields=[field.name for field in written])


def _texts(model: type[models.Model]) -> "Iterator[models.Field[Any, Any]]":
    for field in model._meta.concrete_fields:
        texts = isinstance(field, models.CharField | models.TextField | models.JSONField)
        if texts and not field.choices and not field.primary_key and field.name not in OURS:
            yield field


def _value(field: "models.Field[Any, Any]", at: int) -> Any:
    longest = min(getattr(field, "max_length", None) or 10_000, 10_000)
    if not isinstance(field, models.JSONField):
        return payloads.of(at, longest)
    if field.name in ("claims", "waits_claim"):
        return [_claim(at)] if field.name == "claims" else _claim(at)
    if field.name in ("executor", "rollback", "verify"):
        return {"name": "shell", "command": payloads.of(at)}
    if field.name in ("inputs", "aggregate"):
        return None
    return _result(KEYS[at % MANY])


def _long() -> dict[str, Any]:
    """What one subtask may hold at once."""
    every = payloads.together(60_000)
    return {"error": every, "result": {every: [every]}, "message": every[:4_000]}


def _text(key: str) -> str:
    return payloads.of(KEYS.index(key), 4_000)


def _result(key: str) -> dict[str, Any]:
    return {_text(key): [_text(key), {"</script>": _text(key)}]}


def _claim(at: int) -> dict[str, Any]:
    return {"kind": "file", "name": payloads.of(at, 500), "mode": "write", "amount": 1}
