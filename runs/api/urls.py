"""The addresses of runs in the API, and of its document."""

from django.urls import path
from drf_spectacular.views import SpectacularSwaggerSplitView

from runs.api import (
    agents,
    aggregates,
    attempts,
    batches,
    commands,
    decompose,
    hooks,
    leases,
    plan,
    resources,
    runs,
    subtasks,
    todowrite,
    tracked,
)
from todos.rest import paths  # noqa: F401  (registers the converters)
from todos.rest.document import Document

urlpatterns = [
    path("schema/", Document.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("todos/<id:todo>/decompose/", decompose.Decompose.as_view()),
    path("todos/<id:todo>/plan/", plan.TodoPlan.as_view()),
    path("todos/<id:todo>/run/", runs.TodoRun.as_view()),
    path("runs/", runs.Runs.as_view()),
    path("runs/<id:run>/", runs.OneRun.as_view()),
    path("runs/<id:run>/progress/", runs.RunProgress.as_view()),
    path("runs/<id:run>/events/", runs.RunEvents.as_view()),
    path("runs/<id:run>/aggregates/", aggregates.RunAggregates.as_view()),
    path("runs/<id:run>/pause/", runs.RunVerb.as_view(verb="pause")),
    path("runs/<id:run>/resume/", runs.RunVerb.as_view(verb="resume")),
    path("runs/<id:run>/cancel/", runs.RunVerb.as_view(verb="cancel")),
    path("runs/<id:run>/retry/", runs.RunRetry.as_view()),
    path("runs/<id:run>/rollback/", runs.RunRollback.as_view()),
    path("runs/<id:run>/baseline/", runs.RunBaseline.as_view()),
    path("runs/<id:run>/reports/", tracked.Reports.as_view()),
    path("runs/<id:run>/resources/", resources.RunResources.as_view()),
    path("runs/<id:run>/subtasks/", subtasks.Subtasks.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/", subtasks.OneSubtask.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/cancel/", subtasks.CancelSubtask.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/answer/", subtasks.Answer.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/output/", subtasks.SubtaskOutput.as_view()),
    path("runs/<id:run>/broadcast/", commands.RunBroadcast.as_view()),
    path("agents/", agents.Agents.as_view()),
    path("agents/<id:agent>/", agents.OneAgent.as_view()),
    path("agents/<id:agent>/commands/", commands.AgentCommands.as_view()),
    path("leases/", leases.Leases.as_view()),
    path("attempts/<id:attempt>/heartbeat/", attempts.AttemptHeartbeat.as_view()),
    path("attempts/<id:attempt>/complete/", attempts.AttemptComplete.as_view()),
    path("attempts/<id:attempt>/fail/", attempts.AttemptFail.as_view()),
    path("attempts/<id:attempt>/release/", attempts.AttemptRelease.as_view()),
    path("attempts/<id:attempt>/output/", attempts.AttemptOutput.as_view()),
    path("attempts/<id:attempt>/ask/", attempts.AttemptAsk.as_view()),
    path("progress/", batches.ProgressReports.as_view()),
    path("hooks/claude-code/", hooks.ClaudeCode.as_view()),
    path("todowrite/<name:session>/", todowrite.TodoWrite.as_view()),
    path("resources/<kind:kind>/<name:name>/", resources.OneResource.as_view()),
]
