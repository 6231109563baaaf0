"""Deals the requests out to everybody who may ask, has them played, and says what came of it."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from django.core.management import call_command
from django.db import connections
from django.utils import timezone

from dashboard.asgi import application
from runs.verify import verify
from tests.factories import person
from tests.fuzz import roles, sample
from tests.fuzz.playing import Part, operations, play
from tests.fuzz.roles import SCOPES, Role
from tests.fuzz.sample import Sample
from tests.fuzz.watch import Changes, Watched, changes
from todos.rest.document import document

SHOWN = 20  # breaches
SMALLEST = 40  # requests, of the phase `coverage`: fewer of an operation say nothing
WORKERS = {"agent", "agent of one run", "operator", "operator with commands", "admin"}


def perform(home: Path, cases: int, seed: int) -> bool:
    """Whether nothing was wrong. Its database is that of this process, and is empty."""
    call_command("migrate", verbosity=0)
    statuses: dict[str, Counter[int]] = {name: Counter() for name in SCOPES}
    breaches: list[str] = []
    with changes(home / "abreast.sqlite3") as noted:
        for name, parts in deal(cases, seed):
            role, found = _enter(name)
            for part in parts:
                counted, wrong = _play(part, role, found, noted)
                statuses[name] += counted
                breaches += wrong
                print(f"{name}, {part.phase}: {counted.total()} cases, {len(wrong)} breaches", flush=True)
    breaches += [f"verify: {one.id} {sentence}" for one in verify(None, timezone.now()) for sentence in one.shown]
    connections.close_all()
    return _tell(statuses, breaches, seed)


def _enter(name: str) -> tuple[Role, Sample]:
    """Somebody of this role, and things that nobody has touched yet."""
    ada, eve = person("ada", staff=True), person("eve", staff=True)
    found = sample.fill(ada)
    role = roles.make(name, ada, eve, found.shared)
    if name in WORKERS:
        sample.work(found, role.headers)
    return role, sample.look(found)


def _play(part: Part, role: Role, found: Sample, noted: Changes) -> tuple[Counter[int], list[str]]:
    watched = Watched(application, noted, strangers=not role.scope)
    noted.new()
    wrong = play(part, role, watched, found) + watched.breaches
    return watched.statuses, [f"{role.name}, {part.phase}: {one}" for one in wrong]


def deal(cases: int, seed: int) -> Iterator[tuple[str, list[Part]]]:
    """A third in chains and a third at random, by everybody; a third from the edges of what the document allows, an
    operation at a time, by somebody who may call it. Each with the name of the role that plays it.
    """
    chance, third = random.Random(seed), cases // 3
    shares = sum(map(_weight, SCOPES))
    for name in SCOPES:
        share = max(1, third * _weight(name) // shares)
        some = chance.sample(operations(), min(share, len(operations())))
        yield (
            name,
            [
                Part("fuzzing", share, some, chance.getrandbits(32)),
                Part("stateful", share, operations(), chance.getrandbits(32)),
            ],
        )
    chosen = chance.sample(operations(), max(1, min(len(operations()), third // SMALLEST)))
    for operation in chosen:
        part = Part("coverage", third // len(chosen), [operation], chance.getrandbits(32))
        yield chance.choice(_able(operation)), [part]


def _weight(name: str) -> int:
    """Whoever may do nothing is told so early, and alike."""
    return {"": 1, "viewer": 2}.get(SCOPES[name], 4)


def _able(operation: str) -> list[str]:
    """The roles that may call it."""
    method, _, path = operation.partition(" ")
    scopes = document()["paths"][path][method.lower()]["x-scopes"]
    return [name for name, scope in SCOPES.items() if scope in scopes]


def _tell(statuses: dict[str, Counter[int]], breaches: list[str], seed: int) -> bool:
    for breach in breaches[:SHOWN]:
        print(breach)
    for name, counted in statuses.items():
        print(f"{name}: {counted.total()} cases, {dict(sorted(counted.items()))}")
    total = sum(counted.total() for counted in statuses.values())
    print(f"fuzz: seed {seed}, {total} cases, {len(breaches)} breaches", flush=True)
    return not breaches
