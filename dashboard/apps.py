"""The app of how people see it, and its admin."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class DashboardConfig(AppConfig):
    name = "dashboard"


class AdminConfig(DjangoAdminConfig):
    default_site = "dashboard.admin_site.Site"
