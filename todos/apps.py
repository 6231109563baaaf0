"""The app of what should be done."""

from django.apps import AppConfig


class TodosConfig(AppConfig):
    name = "todos"
