"""Whatever is added to a run, and whenever: it ends as a small model says."""

from typing import Any

from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from runs.models import Subtask
from tests.factories import Api, person, token_of
from tests.runs.api.adding import clean, one, scene
from tests.scenes import Scene


@st.composite
def stories(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Steps: one is added that needs some of those there, or the first that can start ends."""
    found: list[tuple[str, Any]] = []
    there = ["scan", "report"]
    for at in range(draw(st.integers(1, 12))):
        if draw(st.booleans()):
            needs = sorted(draw(st.sets(st.sampled_from(there), max_size=3)))
            when = draw(st.sampled_from(["success", "always", "failed"]))
            found.append(("add", one(f"s{at}", depends_on=needs, when=when, phase=draw(st.sampled_from([None, 1, 2])))))
            there.append(f"s{at}")
        else:
            found.append(("end", draw(st.booleans())))
    return found


class Adding(TestCase):
    @trying(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(story=stories(), barriers=st.booleans())
    def test_the_run_ends_and_each_subtask_as_a_small_model_says(self, story: Any, barriers: bool) -> None:
        ada = person("ada", staff=True)
        there = scene(ada, one("scan"), one("report", depends_on=["scan"]), barriers=barriers)
        api = Api(token_of(ada))
        graph: dict[str, tuple[str, list[str]]] = {"scan": ("success", []), "report": ("success", ["scan"])}
        chosen: dict[str, bool] = {}
        for verb, what in [*story, *[("end", True)] * 20]:
            if verb == "add":
                if api.post(f"runs/{there.run_id}/subtasks/", what).status_code == 201:
                    graph[what["key"]] = (what["when"], what["depends_on"])
            elif key := self.free(there):
                there.start(key)
                there.complete(key) if what else there.fail(key)
                chosen[key] = what
        self.assertNotIn(there.run.status, ("pending", "running"))
        self.assertEqual(dict(Subtask.objects.values_list("key", "status")), self.modelled(graph, chosen))
        self.assertTrue(clean(there))

    def free(self, there: Scene) -> str | None:
        found = Subtask.objects.filter(run=there.run_id, status="pending", unmet=0).order_by("position").first()
        return found.key if found else None

    def modelled(self, graph: dict[str, tuple[str, list[str]]], chosen: dict[str, bool]) -> dict[str, str]:
        found: dict[str, str] = {}
        for key, (when, needs) in graph.items():
            before = {found[need] for need in needs}
            starts = {"success": before <= {"completed"}, "always": True, "failed": "failed" in before}[when]
            found[key] = ("completed" if chosen[key] else "failed") if starts else "skipped"
        return found
