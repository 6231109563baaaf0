"""The addresses of todos in the API."""

from django.urls import path

from todos.api import endpoints
from todos.rest import paths  # noqa: F401  (registers the converters)

urlpatterns = [
    path("todos/", endpoints.Todos.as_view()),
    path("todos/<id:todo>/", endpoints.OneTodo.as_view()),
    path("todos/<id:todo>/tree/", endpoints.Tree.as_view()),
    path("todos/<id:todo>/subtasks/", endpoints.Subtasks.as_view()),
]
