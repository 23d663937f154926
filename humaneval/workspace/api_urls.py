"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from django.urls import path

from humaneval.workspace import api, exports_api
from humaneval.workspace.planning import api as plan_api

urlpatterns = [
    path("study-files/", api.StudyFilesView.as_view(), name="study-files"),
    path("studies/<slug:slug>/study.yaml", api.StudyFileView.as_view(), name="study-file"),
    path("studies/<slug:slug>/plan/", plan_api.PlanView.as_view(), name="study-plan"),
    path("studies/<slug:slug>/status/", api.StandingView.as_view(), name="study-status"),
    path("studies/<slug:slug>/preview-trials/", api.PreviewRowsView.as_view(), name="study-preview-trials"),
    path("studies/<slug:slug>/export.zip", api.ExportView.as_view(), name="study-export"),
    path("studies/<slug:slug>/bundle.zip", api.BundleView.as_view(), name="study-bundle"),
    path("studies/<slug:slug>/exports/", exports_api.KeptExportsView.as_view(), name="study-kept-exports"),
    path(
        "studies/<slug:slug>/exports/<int:number>/",
        exports_api.KeptExportView.as_view(),
        name="study-kept-export",
    ),
    path(
        "studies/<slug:slug>/exports/<int:number>/file.zip",
        exports_api.KeptExportFileView.as_view(),
        name="study-kept-export-file",
    ),
]
