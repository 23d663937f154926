"""App configuration."""

from django.apps import AppConfig


class WorkspaceConfig(AppConfig):
    """Workspace."""

    name = "humaneval.workspace"
    verbose_name = "Workspace"
