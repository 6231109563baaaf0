"""The addresses of runs in the API, and of its document."""

from django.urls import path
from drf_spectacular.views import SpectacularSwaggerSplitView

from runs.api import decompose, insight, insights, plan, resources, runs, subtasks
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
    path("runs/<id:run>/pause/", runs.RunVerb.as_view(verb="pause")),
    path("runs/<id:run>/resume/", runs.RunVerb.as_view(verb="resume")),
    path("runs/<id:run>/cancel/", runs.RunVerb.as_view(verb="cancel")),
    path("runs/<id:run>/retry/", runs.RunRetry.as_view()),
    path("runs/<id:run>/rollback/", runs.RunRollback.as_view()),
    path("runs/<id:run>/baseline/", runs.RunBaseline.as_view()),
    path("runs/<id:run>/trace/", insight.RunTrace.as_view()),
    path("runs/<id:run>/report/", insight.RunReport.as_view()),
    path("runs/<id:run>/badge.svg", insight.RunBadge.as_view()),
    path("runs/<id:run>/resources/", resources.RunResources.as_view()),
    path("runs/<id:run>/subtasks/", subtasks.Subtasks.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/", subtasks.OneSubtask.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/cancel/", subtasks.CancelSubtask.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/answer/", subtasks.Answer.as_view()),
    path("runs/<id:run>/subtasks/<key:key>/output/", subtasks.SubtaskOutput.as_view()),
    path("insights/", insights.PastRuns.as_view()),
    path("resources/<kind:kind>/<name:name>/", resources.OneResource.as_view()),
]
