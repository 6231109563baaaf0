"""Every address: the pages here, the API and the admin below."""

from django.contrib import admin
from django.urls import include, path, re_path

from dashboard.views import (
    agents,
    errors,
    events,
    graph,
    insight,
    insights,
    login,
    lost_agents,
    new_todo,
    overview,
    proofs,
    rehearsal,
    resources,
    run,
    runs,
    settings,
    steering,
    subtasks,
    todo_changes,
    todo_decompose,
    todo_plan,
    todo_run,
    todos,
    tokens,
    webhooks,
)
from runs import portable
from runs.api import health
from runs.api.agent_file import agent_file
from runs.api.metrics import Metrics
from runs.api.unknown import Unknown
from todos.rest import paths  # noqa: F401  (registers the converters)

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error

pages = [
    path("", overview.page, name="overview"),
    path("todos/", todos.table, name="todos"),
    path("todos/<id:todo_id>/", todos.one, name="todo"),
    path("todos/<id:todo_id>/plan/", todo_plan.plan, name="todo-plan"),
    path("insights/", insights.page, name="insights"),
    path("runs/", runs.table, name="runs"),
    path("agents/", agents.page, name="agents"),
    path("runs/<id:run_id>/", run.timeline, name="run"),
    path("runs/<id:run_id>/graph/", graph.page, name="run-graph"),
    path("runs/<id:run_id>/insight/", insight.one, name="run-insight"),
    path("runs/<id:run_id>/subtasks/", subtasks.table, name="run-subtasks"),
    path("runs/<id:run_id>/subtasks/<key:key>/", subtasks.one, name="run-subtask"),
    path("runs/<id:run_id>/events/", events.table, name="run-events"),
    path("settings/", settings.page, name="settings"),
    path("runs/<id:run_id>/resources/", resources.page, name="run-resources"),
]
# What pages fetch by themselves: nobody looks at it alone.
parts = [
    path("frame/", overview.frame, name="overview-frame"),
    path("runs/<id:run_id>/frame/", run.frame, name="run-frame"),
    path("runs/<id:run_id>/prove/", run.prove, name="run-prove"),
    path("runs/<id:run_id>/timeline/data/", run.timeline_data, name="run-timeline-data"),
    path("settings/frame/", settings.heard, name="settings-frame"),
    path("settings/webhooks/frame/", webhooks.frame, name="webhooks-frame"),
    path("runs/prove/", proofs.runs, name="runs-prove"),
    path("todos/prove/", proofs.todos, name="todos-prove"),
    path("insights/prove/", proofs.ended, name="insights-prove"),
]
# Asked for, they show a form, or ask whether; sent, they do it.
forms = [
    path("runs/<id:run_id>/cancel/", steering.cancel, name="run-cancel"),
    path("runs/<id:run_id>/rollback/", steering.rollback, name="run-rollback"),
    path("runs/<id:run_id>/picked/cancel/", steering.cancel_picked, name="run-picked-cancel"),
    path("runs/<id:run_id>/picked/retry/", steering.retry_picked, name="run-picked-retry"),
    path("runs/<id:run_id>/subtasks/<key:key>/cancel/", steering.cancel_subtask, name="run-subtask-cancel"),
    path("runs/<id:run_id>/subtasks/<key:key>/answer/", steering.answer_in_words, name="run-subtask-answer"),
    path("settings/webhooks/<id:webhook>/delete/", webhooks.delete, name="webhook-delete"),
    path("settings/tokens/<id:token>/revoke/", tokens.revoke, name="token-revoke"),
    path("todos/new/", new_todo.new, name="todo-new"),
    path("todos/<id:todo_id>/checklist/", new_todo.paste, name="todo-checklist"),
    path("todos/<id:todo_id>/edit/", todo_changes.edit, name="todo-edit"),
    path("todos/<id:todo_id>/needs/", todo_changes.needs, name="todo-needs"),
    path("todos/<id:todo_id>/delete/", todo_changes.delete, name="todo-delete"),
    path("todos/<id:todo_id>/decompose/", todo_decompose.decompose, name="todo-decompose"),
]
# Only sent.
buttons = [
    path("runs/<id:run_id>/pause/", steering.pause, name="run-pause"),
    path("runs/<id:run_id>/resume/", steering.resume, name="run-resume"),
    path("runs/<id:run_id>/baseline/", steering.baseline, name="run-baseline"),
    path("runs/<id:run_id>/retry/", steering.retry, name="run-retry"),
    path("runs/<id:run_id>/subtasks/<key:key>/approve/", steering.answer, {"approve": True}, "run-subtask-approve"),
    path("runs/<id:run_id>/subtasks/<key:key>/refuse/", steering.answer, {"approve": False}, "run-subtask-refuse"),
    path("agents/<id:agent_id>/retire/", lost_agents.retire, name="agent-retire"),
    path("agents/<id:agent_id>/dismiss/", lost_agents.dismiss, name="agent-dismiss"),
]
changes = [
    path("settings/token/", settings.make_token, name="settings-token"),
    path("settings/webhooks/", webhooks.make, name="webhook-new"),
    path("settings/webhooks/<id:webhook>/test/", webhooks.act, {"verb": "test"}, "webhook-test"),
    path("settings/webhooks/<id:webhook>/pause/", webhooks.act, {"verb": "pause"}, "webhook-pause"),
    path("settings/webhooks/<id:webhook>/resume/", webhooks.act, {"verb": "resume"}, "webhook-resume"),
    path("rehearse/", rehearsal.start, name="rehearse"),
    path("todos/<id:todo_id>/add/", todo_changes.add, name="todo-add"),
    path("todos/<id:todo_id>/move/", todo_changes.move, name="todo-move"),
    path("todos/<id:todo_id>/run/", todo_run.start, name="todo-run"),
]
# Where whoever signs in is brought back to.
places = frozenset(str(entry.name) for entry in [*pages, *forms])
signing_in = [
    path("login/", login.explain, {"places": places}, name="login"),
    path("login/<str:secret>/", login.by_link, {"places": places}, name="login-link"),
    path("logout/", login.sign_out, name="logout"),
]
machines = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("agent.py", agent_file),
    path("abreast_celery.py", agent_file, {"parts": portable.CELERY}),
    path("abreast_tasks.py", agent_file, {"parts": portable.TASKS}),
    path("metrics", Metrics.as_view()),
    path("api/v1/", include("todos.api.urls")),
    path("api/v1/", include("runs.api.urls")),
    re_path(r"^api(/|$)", Unknown.as_view()),
]
urlpatterns = [*pages, *parts, *forms, *buttons, *changes, *signing_in, *machines, path("admin/", admin.site.urls)]
