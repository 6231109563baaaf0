"""A small history with all that can happen to subtasks, and a name for the number of each of its rows."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from runs import actions, outputs, tokens, transitions
from runs.models import Agent, Attempt, Event, LoginLink, Run, Subtask, Token
from runs.reports import Said, Usage
from tests.factories import plant
from tests.scenes import Scene, scene
from todos.models import Todo

Names = dict[str, Any]


@dataclass
class History:
    """Runs by name; the keys of all but `again`, a retry of `ended`, are different."""

    ended: Scene
    completed: Scene
    cancelled: Scene
    running: Scene
    again: Scene


def history(owner: User) -> History:
    ended = _ended(owner)
    made = History(ended, _completed(owner), _cancelled(owner), _running(owner), _again(ended))
    tokens.make(owner, "a script", scope="operator")
    tokens.make_login_link(owner, timezone.now())
    return made


def _ended(owner: User) -> Scene:
    """It failed: some completed at once, handed back once, after a failure, after three losses; some did not."""
    made = scene(owner, ("done", "flaky", "lossy", "given", "broken", "after", "dropped"), {"after": ["broken"]})
    made.start("done")
    sink = outputs.Sink(made.run_id, made.subtask("done").pk, 1)
    sink.write(b"twelve bytes")
    made.complete("done", result={"found": 3}, usage=Usage(100, 20, 0.5), output=sink.close())
    made.start("flaky", "lossy", "given")
    made.fail("flaky", retryable=True)
    made.end(Said.RELEASE, "given")
    made.lose("lossy")
    made.later(1)
    for _ in range(2):
        made.start("lossy", agent="agent-2")
        made.lose("lossy")
    made.start("flaky", "lossy", "given")
    made.end(Said.COMPLETE, "flaky", "lossy", "given", result=[1])
    with made.entry() as entry:
        transitions.cancel_one(entry, made.subtask("dropped").pk, "it was cancelled")
    made.start("broken")
    made.fail("broken")
    return made


def _completed(owner: User) -> Scene:
    made = scene(owner, ("first", "second"), {"second": ["first"]})
    for key in ("first", "second"):
        made.start(key)
        made.later(1)
        made.complete(key)
    return made


def _cancelled(owner: User) -> Scene:
    made = scene(owner, ("stopped", "never"))
    made.start("stopped")
    with made.entry() as entry:
        transitions.request_cancel(entry)
    made.end(Said.CANCEL, "stopped")
    return made


def _running(owner: User) -> Scene:
    """Two attempts are open, of two agents. Its clock stands, for no lease may be given in the future."""
    work = {"executor": {"name": "simulate", "seconds": 10}, "lane": "query"}
    keys = ("early", "busy", "handed", "delayed", "ready")
    below = [{"key": key, "content": key, **work} for key in keys]
    below += [{"key": "waits", "content": "waits", "depends_on": ["busy"], **work}]
    below += [{"key": "outside", "content": "nobody here can do it"}]
    run = actions.start(plant(owner, subtasks=below), actions.Options(strategy="parallel"))
    made = Scene(run, run.updated_at)
    made.start("early", "busy", "delayed")
    made.complete("early", result="ok", usage=Usage(7, 5, 0.25))
    made.lose("busy")
    made.fail("delayed", retryable=True)
    made.start("busy")
    made.start("handed", agent="agent-2")
    return made


def _again(ended: Scene) -> Scene:
    run = actions.retry(ended.run)
    return Scene(run, run.updated_at)


def names(made: History) -> Names:
    """`done`: a subtask. `done_1`: its first attempt. `done_started`: the last event of that kind about it. `ended`: a
    run, `ended_last`: its last event, `ended_completed`: its counter of that name, `ended_completed_more`: plus one."""
    found: Names = {}
    for name, of in vars(made).items():
        found[name] = of.run_id
        for column, value in Run.objects.values().get(pk=of.run_id).items():
            found[f"{name}_{column}"] = value
            found[f"{name}_{column}_more"] = value + 1 if isinstance(value, int | float) else None
        found |= {f"{name}_last": of.run.last_seq, f"{name}_before_last": of.run.last_seq - 1}
        found[f"{name}_next"] = of.run.last_seq + 1
        keys = dict(Subtask.objects.filter(run=of.run_id).values_list("pk", "key"))
        prefix = "again_" if name == "again" else ""
        found |= {prefix + key: pk for pk, key in keys.items()}
        for event in Event.objects.filter(run=of.run_id).order_by("seq"):
            found[f"{prefix}{keys[event.subtask_id]}_{event.kind}" if event.subtask_id else f"{name}_{event.kind}"] = (
                event.seq
            )
        for attempt in Attempt.objects.filter(run=of.run_id):
            found[f"{keys[attempt.subtask_id]}_{attempt.epoch}"] = attempt.pk
    found |= {f"todo_{key}": pk for pk, key in Todo.objects.values_list("pk", "key") if key}
    found |= {agent.name.replace("-", "_"): agent.pk for agent in Agent.objects.all()}
    found |= {"token": Token.objects.get().pk, "link": LoginLink.objects.get().pk}
    return found
