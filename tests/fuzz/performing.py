"""Deals the requests out to everybody who may ask, has them played, and says what came of it."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.core.management import call_command
from django.db import connections

from dashboard.asgi import application
from tests.factories import person
from tests.fuzz import roles, sample
from tests.fuzz.playing import Part, operations, play
from tests.fuzz.roles import Role
from tests.fuzz.sample import Sample
from tests.fuzz.watch import Watched, changes
from todos.rest.document import document

SHOWN = 20  # breaches
SMALLEST = 40  # requests, of the phase `coverage`: fewer of an operation say nothing
WORKERS = {"agent", "agent of one run", "operator", "admin"}


def perform(home: Path, cases: int, seed: int) -> bool:
    """Whether nothing was wrong. Its database is that of this process, and is empty."""
    call_command("migrate", verbosity=0)
    everybody, found = _cast()
    statuses: dict[str, Counter[int]] = {role.name: Counter() for role in everybody}
    breaches: list[str] = []
    with changes(home / "abreast.sqlite3") as noted:
        for part in deal(everybody, cases, seed):
            watched = Watched(application, noted, strangers=not part.role.scope)
            noted.new()
            wrong = play(part, watched, found) + watched.breaches
            breaches += [f"{part.role.name}, {part.phase}: {one}" for one in wrong]
            statuses[part.role.name] += watched.statuses
    connections.close_all()
    return _tell(statuses, breaches, seed)


def _cast() -> tuple[list[Role], Sample]:
    ada, eve = person("ada", staff=True), person("eve", staff=True)
    found = sample.fill(ada)
    everybody = roles.make(ada, eve, found.shared)
    for number, role in enumerate(everybody):
        if role.name in WORKERS:
            sample.work(found, number, role.headers)
    return everybody, sample.look(found)


def deal(everybody: Sequence[Role], cases: int, seed: int) -> Iterator[Part]:
    """A third in chains and a third at random, by everybody; a third from the edges of what the document allows, an
    operation at a time, by somebody who may call it.
    """
    chance, third = random.Random(seed), cases // 3
    shares = sum(_weight(role) for role in everybody)
    for role in everybody:
        share = max(1, third * _weight(role) // shares)
        yield Part(
            role, "fuzzing", share, chance.sample(operations(), min(share, len(operations()))), chance.getrandbits(32)
        )
        yield Part(role, "stateful", share, operations(), chance.getrandbits(32))
    chosen = chance.sample(operations(), max(1, min(len(operations()), third // SMALLEST)))
    for name in chosen:
        method, _, path = name.partition(" ")
        scopes = document()["paths"][path][method.lower()]["x-scopes"]
        able = [role for role in everybody if role.scope in scopes]
        yield Part(chance.choice(able), "coverage", third // len(chosen), [name], chance.getrandbits(32))


def _weight(role: Role) -> int:
    """Whoever may do nothing is told so early, and alike."""
    return {"": 1, "viewer": 2}.get(role.scope, 4)


def _tell(statuses: dict[str, Counter[int]], breaches: list[str], seed: int) -> bool:
    for breach in breaches[:SHOWN]:
        print(breach)
    for name, counted in statuses.items():
        print(f"{name}: {counted.total()} cases, {dict(sorted(counted.items()))}")
    total = sum(counted.total() for counted in statuses.values())
    print(f"fuzz: seed {seed}, {total} cases, {len(breaches)} breaches", flush=True)
    return not breaches
