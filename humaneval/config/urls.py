"""Every address of the platform: each app brings its own, and this page puts them together."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from humaneval.account.views import SignIn, change_password
from humaneval.config.health import healthz, readyz
from humaneval.config.schema import SchemaView
from humaneval.monitoring.views import installation_metrics, process_metrics

# Django tries addresses in this order: what every vote asks for comes first.
api = [
    path("", include("humaneval.rating.api_urls")),
    path("", include("humaneval.samples.api_urls")),
    path("", include("humaneval.studies.api_urls")),
    path("", include("humaneval.scoring.api_urls")),
    path("", include("humaneval.recruitment.api_urls")),
    path("", include("humaneval.reports.api_urls")),
    path("", include("humaneval.workspace.api_urls")),
    path("", include("humaneval.teams.api_urls")),
]

urlpatterns = [
    path("api/v1/", include(api)),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", process_metrics, name="process-metrics"),
    path("metrics/installation", installation_metrics, name="installation-metrics"),
    path("", include("humaneval.ui.urls")),
    path("", include("humaneval.samples.urls")),
    path("", include("humaneval.studies.urls")),
    path("", include("humaneval.rating.urls")),
    path("", include("humaneval.recruitment.urls")),
    path("", include("humaneval.reports.urls")),
    path("", include("humaneval.workspace.urls")),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("", include("humaneval.account.urls")),
    path("admin/login/", SignIn.as_view(), name="sign-in"),
    path("admin/password_change/", admin.site.admin_view(change_password), name="change-password"),
    path("admin/", admin.site.urls),
]
