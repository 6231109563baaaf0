"""Sessions of Claude Code, followed by their hooks alone."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from runs.models import Agent, Attempt, Event, Run, Session
from runs.reading import attention
from tests.factories import Api, token_of
from tests.runs.tracking import recorded
from tests.runs.tracking.recorded import SESSION, one, shown
from tests.runs.tracking.watching import attempts, run_of, statuses
from todos.models import Todo


def begun(claude: recorded.Session) -> recorded.Session:
    claude.send("SessionStart", source="startup", model="claude-sonnet-5")
    claude.send("UserPromptSubmit", prompt="Fix the shop\nand test it")
    return claude


# ---- sessions ----


def test_a_session_is_no_run_before_there_is_something_to_show(claude: recorded.Session) -> None:
    begun(claude)
    claude.before("Bash", "b1", {"command": "ls"})
    assert (Run.objects.count(), Session.objects.get().name) == (0, SESSION)


def test_a_session_has_one_run_named_by_its_prompt(claude: recorded.Session) -> None:
    begun(claude)
    claude.write_todos("t1", "> Read", ". Build")
    claude.send("UserPromptSubmit", prompt="Go on")
    claude.write_todos("t2", "x Read", "> Build")
    run = Run.objects.get()
    assert (run.content, run.backend, run.status) == ("Fix the shop", "tracked", "running")
    assert Todo.objects.get(parent=None).content == "Fix the shop"


def test_without_a_prompt_the_folder_names_it(claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Read")
    assert Run.objects.get().content == "Claude Code in shop"


@pytest.mark.parametrize(("texts", "ends"), [(["x Read"], "completed"), (["x Read", "> Build", ". Ship"], "cancelled")])
def test_the_end_of_a_session_ends_its_run(claude: recorded.Session, texts: list[str], ends: str) -> None:
    claude.write_todos("t1", *texts)
    claude.send("SessionEnd", reason="prompt_input_exit")
    assert Run.objects.get().status == ends
    assert "in_progress" not in statuses(Run.objects.get().pk).values()


def test_what_comes_after_the_end_comes_too_late(claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Read")
    claude.send("SessionEnd", reason="other")
    claude.after("TodoWrite", "t2", {"todos": [{"content": "Late", "status": "pending"}]}, {})
    claude.stops("a1")
    assert (Run.objects.count(), shown()) == (1, ["- Read"])


def test_a_session_that_is_resumed_has_another_run(claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Read")
    claude.send("SessionEnd", reason="other")
    claude.send("SessionStart", source="resume")
    claude.write_todos("t2", "> Read")
    assert sorted(Run.objects.values_list("status", flat=True)) == ["cancelled", "running"]


def test_two_tokens_have_two_sessions_of_one_name(ada: User) -> None:
    for _ in range(2):
        recorded.Session(Api(token_of(ada, "agent"))).write_todos("t1", "> Read")
    assert Run.objects.count() == 2


# ---- todos and tasks ----


def test_todo_lists_are_followed(claude: recorded.Session) -> None:
    begun(claude)
    claude.write_todos("t1", "> Read", ". Build")
    claude.write_todos("t2", "x Read", "> Build", ". Ship")
    assert shown() == ["x Read", "> Build", ". Ship"]
    assert attempts(run_of(SESSION), "todo-1") == [("claude 0b3f8c1e", "succeeded")]
    assert one("Build").message == "Doing Build"


def test_lists_of_older_versions_are_followed(claude: recorded.Session) -> None:
    for status in ("pending", "in_progress", "completed"):
        todos = [{"id": "1", "content": "Read", "status": status, "priority": "high"}]
        claude.after("TodoWrite", f"t-{status}", {"todos": todos}, {"oldTodos": [], "newTodos": todos})
    assert (shown(), one("Read").priority) == (["x Read"], 1)


def test_a_list_that_is_told_again_late_changes_nothing(claude: recorded.Session) -> None:
    old = {"todos": [{"content": "Read", "status": "in_progress", "activeForm": "Reading"}]}
    claude.before("TodoWrite", "t1", old)
    claude.write_todos("t2", "x Read", "> Build")
    claude.after("TodoWrite", "t1", old, {"oldTodos": [], "newTodos": old["todos"]})
    assert shown() == ["x Read", "> Build"]


@pytest.mark.parametrize("answer", ["tool_response", "tool_result"])
def test_tasks_are_followed(claude: recorded.Session, answer: str) -> None:
    sent = {"subject": "Build", "description": "All of it"}
    made: dict[str, Any] = {answer: {"task": {"id": "1", "subject": "Build"}}}
    claude.send("PostToolUse", tool_name="TaskCreate", tool_use_id="c1", tool_input=sent, **made)
    claude.make_task("2", "Ship")
    claude.change_task("1", status="in_progress", activeForm="Building")
    assert (shown(), one("Build").message) == (["> Build", ". Ship"], "Building")
    claude.change_task("1", status="completed")
    claude.change_task("2", status="deleted")
    assert shown() == ["x Build", "- Ship"]


def test_the_hooks_about_tasks_say_the_same_as_the_tools(claude: recorded.Session) -> None:
    about: dict[str, Any] = {"task_id": "1", "task_subject": "Build", "task_description": "All of it"}
    claude.send("TaskCreated", **about, teammate_name="impl", team_name="shop")
    claude.make_task("1", "Build")
    claude.change_task("1", status="in_progress", owner="impl")
    claude.send("TaskCompleted", **about, teammate_name="impl", team_name="shop")
    claude.change_task("1", status="completed")
    claude.send("TeammateIdle", teammate_name="impl", team_name="shop")
    assert (shown(), attempts(run_of(SESSION), "task-1")) == (["x Build"], [("impl", "succeeded")])


def test_a_list_of_tasks_catches_up_with_what_was_missed(claude: recorded.Session) -> None:
    tasks = [
        {"id": "1", "subject": "Build", "status": "completed", "blockedBy": []},
        {"id": "2", "subject": "Ship", "status": "in_progress", "owner": "impl", "blockedBy": ["1"]},
    ]
    claude.after("TaskList", "l1", {}, {"tasks": tasks})
    assert (shown(), attempts(run_of(SESSION), "task-2")) == (["x Build", "> Ship"], [("impl", "running")])


def test_a_change_before_its_task_makes_the_task(claude: recorded.Session) -> None:
    claude.change_task("7", status="in_progress")
    assert shown() == ["> Task 7"]
    claude.make_task("7", "Build")
    assert shown() == ["> Build"]


def test_a_change_that_did_not_succeed_is_none(claude: recorded.Session) -> None:
    claude.make_task("1", "Build")
    claude.after("TaskUpdate", "u1", {"taskId": "1", "status": "completed"}, {"success": False, "error": "no"})
    assert shown() == [". Build"]


def test_a_task_that_is_open_again_is_a_subtask_anew(claude: recorded.Session) -> None:
    claude.make_task("1", "Build")
    for status in ("completed", "in_progress", "completed"):
        claude.change_task("1", status=status, subject="Build")
    assert shown() == ["x Build", "x Build"]


# ---- subagents ----


@pytest.mark.parametrize("tool", ["Agent", "Task"])
def test_a_subagent_is_an_agent_with_its_own_attempt(claude: recorded.Session, tool: str) -> None:
    begun(claude)
    claude.launch("u1", "Map the code", tool=tool)
    claude.begins("a1")
    claude.before("Grep", "g1", {"pattern": "def main"}, ("a1", "Explore"))
    assert (shown(), one("Map the code").message) == (["> Map the code"], "Grep: def main")
    claude.stops("a1")
    claude.returns("u1", "a1", "Map the code", tokens=50, tool=tool)
    assert shown() == ["x Map the code"]
    agent = Agent.objects.get(name="Explore 1 (0b3f8c1e)")
    assert (agent.kind, agent.parent and agent.parent.name, agent.depth) == ("reported", "claude 0b3f8c1e", 1)
    assert (Run.objects.get().input_tokens, Run.objects.get().output_tokens) == (50, 50)


def test_parallel_subagents_are_told_apart(claude: recorded.Session) -> None:
    names = ("Map", "Test", "Lint")
    for number, name in enumerate(names):
        claude.launch(f"u{number}", name)
    for number in range(3):
        claude.begins(f"a{number}")
    run = Run.objects.get()
    assert (run.agents_active, run.in_progress) == (3, 3)
    # They return in another order than they began, and one is not who it was taken for.
    claude.stops("a2")
    claude.returns("u0", "a2", "Map", tokens=5)
    assert shown() == ["x Map", "> Test", "> Lint"]
    claude.stops("a1")
    claude.returns("u1", "a1", "Test", tokens=7)
    claude.stops("a0")
    claude.returns("u2", "a0", "Lint", tokens=9)
    assert shown() == ["x Map", "x Test", "x Lint"]
    tokens = Attempt.objects.order_by("subtask__position").values_list("input_tokens", flat=True)
    assert (list(tokens), Run.objects.get().agents_active) == ([5, 7, 9], 0)


def test_a_subagent_in_the_background_ends_when_it_stops(claude: recorded.Session) -> None:
    claude.launch("u1", "Watch")
    claude.after("Agent", "u1", claude.wanted("Watch"), {"status": "async_launched", "agentId": "a1"})
    claude.begins("a1")
    claude.send("Stop", stop_hook_active=False, last_assistant_message="", background_tasks=["a1"], session_crons=[])
    claude.send("UserPromptSubmit", prompt="Go on")
    assert shown() == ["> Watch"]
    claude.stops("a1")
    assert shown() == ["x Watch"]


def test_a_launch_that_fails_is_a_failed_subtask(claude: recorded.Session) -> None:
    claude.launch("u1", "Map")
    claude.send(
        "PostToolUseFailure", tool_name="Agent", tool_use_id="u1", tool_input=claude.wanted("Map"), error="no such type"
    )
    assert (shown(), one("Map").error) == (["! Map"], "no such type")


def test_what_a_broken_off_turn_was_at_is_over_when_the_next_begins(claude: recorded.Session) -> None:
    """Esc sends no hook."""
    claude.launch("u1", "Map")
    claude.begins("a1")
    claude.launch("u2", "Test")
    claude.stops("a1")
    claude.send("UserPromptSubmit", prompt="Something else")
    assert shown() == ["x Map", "- Test"]


def test_subagents_are_seen_without_their_launches(claude: recorded.Session) -> None:
    claude.begins("a1", "general-purpose")
    claude.before("Bash", "b1", {"command": "pytest -q", "description": "Run the tests"}, ("a2", "Plan"))
    claude.stops("a1", "general-purpose")
    assert shown() == ["x general-purpose", "> Plan"]
    assert one("Plan").message == "Bash: Run the tests"


def test_the_list_of_a_subagent_says_how_far_it_is(claude: recorded.Session) -> None:
    claude.launch("u1", "Map")
    claude.begins("a1")
    todos = [
        {"content": "Read", "status": "completed", "activeForm": "Reading"},
        {"content": "Draw", "status": "in_progress", "activeForm": "Drawing"},
    ]
    claude.after("TodoWrite", "t1", {"todos": todos}, {"newTodos": todos}, ("a1", "Explore"))
    assert (shown(), one("Map").message, one("Map").progress) == (["> Map"], "Drawing", 0.5)


def test_usage_is_added_once(claude: recorded.Session) -> None:
    claude.launch("u1", "Map")
    for _ in range(3):
        claude.returns("u1", "a1", "Map", tokens=50)
    assert (Run.objects.get().input_tokens, Event.objects.filter(kind="usage").count()) == (50, 1)


def test_a_subagent_and_a_question_leave_alone_what_was_reported_under_their_keys(claude: recorded.Session) -> None:
    claude.write_todos("t1", "x Build")
    taken = [{"key": key, "status": "pending", "content": key} for key in ("agent-1", "permission-4")]
    claude.api.post(f"sessions/{SESSION}/reports/", {"reports": taken})
    claude.launch("u1", "Map")
    claude.begins("a1")
    assert statuses(run_of(SESSION))["agent-2"] == "in_progress"
    claude.send("PermissionRequest", tool_name="Bash", tool_input={"command": "rm x"})
    assert statuses(run_of(SESSION))["permission-5"] == "in_progress"


# ---- what waits for a person ----


def waiting(ada: User) -> list[str]:
    return [item.question for item in attention.items(ada.pk, timezone.now())]


def test_a_permission_waits_for_a_person_until_the_agent_goes_on(ada: User, claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Build")
    claude.before("Bash", "b1", {"command": "make"})
    claude.send(
        "Notification", message="Claude needs your permission to use Bash", notification_type="permission_prompt"
    )
    assert waiting(ada) == ["Claude needs your permission to use Bash"]
    assert attention.count(ada.pk, timezone.now()) == 1
    found = claude.api.get(f"runs/{run_of(SESSION)}/subtasks/todo-1/").json()
    assert (found["status"], found["waiting_for"]) == ("in_progress", "person")
    claude.after("Bash", "b1", {"command": "make"}, {"stdout": ""})
    assert waiting(ada) == []


def test_that_it_is_idle_is_no_question(ada: User, claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Build")
    claude.send("Notification", message="Claude is waiting for your input", notification_type="idle_prompt")
    assert waiting(ada) == []


def test_a_subagent_asks_for_itself(ada: User, claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Build")
    claude.launch("u1", "Map")
    claude.begins("a1")
    claude.send("PermissionRequest", ("a1", "Explore"), tool_name="Bash", tool_input={"command": "rm x"})
    claude.send("Notification", message="Claude needs your permission", notification_type="permission_prompt")
    claude.before("Read", "r1", {"file_path": "/a"})
    assert waiting(ada) == ["May it use Bash: rm x?"]
    assert one("Map").question
    claude.stops("a1")
    assert waiting(ada) == []


def test_a_question_without_a_subtask_is_one(ada: User, claude: recorded.Session) -> None:
    claude.send("PermissionRequest", tool_name="Bash", tool_input={"command": "make"})
    assert (waiting(ada), shown()) == (["May it use Bash: make?"], ["> May it use Bash: make?"])
    claude.after("Bash", "b1", {"command": "make"}, {})
    assert (waiting(ada), shown()) == ([], ["x May it use Bash: make?"])


def test_nobody_here_can_answer_it(api: Api, claude: recorded.Session) -> None:
    claude.write_todos("t1", "> Build")
    claude.send("PermissionRequest", tool_name="Bash", tool_input={"command": "make"})
    refused = api.post(f"runs/{run_of(SESSION)}/subtasks/todo-1/answer/", {"approve": True})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "its agent asks in a session of its own: answer there",
    )
