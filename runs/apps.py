"""The app of how it gets done."""

from django.apps import AppConfig


class RunsConfig(AppConfig):
    name = "runs"
