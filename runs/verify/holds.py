"""I12: what is held belongs to those at work, and who waits for it will be woken."""

from collections.abc import Iterator
from itertools import combinations

from runs.engine import states
from runs.sql import json_value
from runs.verify.base import Check, Scope, in_list, query, rows
from todos.plan.claims import API, Claim, clash

OPEN = in_list(states.ATTEMPT_OPEN)
RUN_ENDED = in_list(states.RUN_TERMINAL)


def _held_as_claimed(scope: Scope) -> Iterator[str]:
    """All claims or none: what an open attempt holds is what its subtask claims, calls apart."""
    text = f"""
        SELECT a.id, s.claims, h.kind, h.name, h.mode, h.amount FROM runs_attempt a
        JOIN runs_subtask s ON s.id = a.subtask_id LEFT JOIN runs_hold h ON h.attempt_id = a.id
        WHERE {scope.where("a.run_id")} AND a.status IN {OPEN} AND s.claims IS NOT NULL AND s.claims <> '[]'
    """
    claimed: dict[int, set[Claim]] = {}
    held: dict[int, set[Claim]] = {}
    for attempt, claims, *hold in query(text):
        claimed[attempt] = {Claim(**claim) for claim in json_value(claims) if claim["kind"] != API}
        held.setdefault(attempt, set()).update([Claim(*hold)] if hold[0] else [])
    for attempt, wanted in claimed.items():
        if held[attempt] != wanted:
            yield f"attempt {attempt} holds {len(held[attempt])} of the {len(wanted)} things its subtask claims"


def _files_apart(scope: Scope) -> Iterator[str]:
    found = [(attempt, run, Claim(*claim)) for attempt, run, *claim in query(_FILES)]
    for (one, run, claim), (other, other_run, other_claim) in combinations(found, 2):
        if one != other and scope.run_id in (None, run, other_run) and clash(claim, other_claim):
            yield f"attempts {one} and {other} hold {claim.name} and {other_claim.name} at a time"


_FILES = "SELECT attempt_id, run_id, kind, name, mode, amount FROM runs_hold WHERE kind = 'file'"

CHECKS = [
    Check(
        "I12",
        "everything held belongs to an open attempt, with its subtask and its run",
        rows(
            f"""
            SELECT h.kind, h.name, h.attempt_id FROM runs_hold h
            LEFT JOIN runs_attempt a ON a.id = h.attempt_id AND a.status IN {OPEN} AND a.subtask_id = h.subtask_id
                AND a.run_id = h.run_id
            WHERE {{scope}} AND a.id IS NULL
            """,
            "{0} {1} is held by attempt {2}, which has ended or is another's",
            "h.run_id",
        ),
    ),
    Check(
        "I12",
        "nothing is held in a run that has ended",
        rows(
            f"""
            SELECT r.id, h.kind, h.name FROM runs_run r JOIN runs_hold h ON h.run_id = r.id
            WHERE {{scope}} AND r.status IN {RUN_ENDED}
            """,
            "run {0} has ended and {1} {2} is held",
            "r.id",
        ),
    ),
    Check("I12", "who is at work holds all it claims, and nothing else", _held_as_claimed),
    Check("I12", "no two hold files that overlap when one of them writes", _files_apart),
    Check(
        "I12",
        "who is out of the line could start but for its claims, and says what it waits for",
        rows(
            """
            SELECT s.id, s.status, s.waits_for, s.waits_key FROM runs_subtask s
            WHERE {scope} AND (
                (s.waits_for IN ('', 'person')) <> (s.waits_key = '')
                OR (s.waits_for IN ('', 'person')) <> (s.waits_claim IS NULL)
                OR (s.waits_for NOT IN ('', 'person')
                    AND (s.status <> 'pending' OR s.unmet > 0 OR s.not_before IS NOT NULL))
                OR (s.waits_for IN ('', 'person') AND s.waits_until IS NOT NULL))
            """,
            "subtask {0} is {1} and waits for {2} of {3}",
            "s.run_id",
        ),
    ),
    Check(
        "I12",
        "who waits for a person asks one, in an attempt that is open and has no seat",
        rows(
            f"""
            SELECT s.id, s.status, s.waits_for FROM runs_subtask s LEFT JOIN runs_attempt a
                ON a.subtask_id = s.id AND a.epoch = s.epoch AND a.status IN {OPEN} AND a.waits_for = 'person'
            WHERE {{scope}} AND (s.waits_for = 'person') <> (a.id IS NOT NULL)
            """,
            "subtask {0} is {1} and waits for {2!r}, and its attempt says otherwise",
            "s.run_id",
        ),
    ),
    Check(
        "I12",
        "only an agent at work asks something while it is at it",
        rows(
            """
            SELECT s.id, s.status FROM runs_subtask s
            WHERE {scope} AND s.question <> '' AND (s.status <> 'in_progress' OR s.waits_for <> '')
            """,
            "subtask {0} is {1} and asks something",
            "s.run_id",
        ),
    ),
    Check(
        "I12",
        "who waits for an attempt, or for a share, waits for one that is held; else it has a time to come back",
        rows(
            f"""
            SELECT s.id, s.waits_key FROM runs_subtask s
            WHERE {{scope}} AND s.waits_for NOT IN ('', 'person') AND s.waits_until IS NULL AND s.waits_key <> 'twin'
              AND NOT EXISTS (SELECT 1 FROM runs_hold h JOIN runs_attempt a ON a.id = h.attempt_id
                              AND a.status IN {OPEN} WHERE s.waits_key = 'attempt/' || h.attempt_id
                              OR s.waits_key = h.kind || '/' || h.name)
            """,
            "subtask {0} waits for {1}, which will never end",
            "s.run_id",
        ),
    ),
    Check(
        "I12",
        "who stands behind one that claims the same has such a one before it",
        rows(
            """
            SELECT s.id FROM runs_subtask s
            WHERE {scope} AND s.waits_key = 'twin' AND NOT EXISTS (
                SELECT 1 FROM runs_subtask f
                WHERE f.claims_group = s.claims_group AND NOT f.claims_group = ''
                  AND f.status = 'pending' AND f.unmet = 0 AND f.not_before IS NULL AND f.waits_key <> 'twin'
                  AND (f.priority, -f.remaining_seconds, f.position) < (s.priority, -s.remaining_seconds, s.position))
            """,
            "subtask {0} stands behind nobody",
            "s.run_id",
        ),
    ),
]
