"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from django.urls import path

from humaneval.reports.api import (
    CorrelationsView,
    EstimatesView,
    ExclusionsTableView,
    ReportView,
    ScoresView,
    SessionsView,
    SnapshotsView,
    SnapshotView,
    VotesView,
)

urlpatterns = [
    path("studies/<slug:slug>/report/", ReportView.as_view(), name="study-report"),
    path("studies/<slug:slug>/snapshots/", SnapshotsView.as_view(), name="study-snapshots"),
    path("studies/<slug:slug>/snapshots/<int:pk>/", SnapshotView.as_view(), name="study-snapshot"),
    path("studies/<slug:slug>/votes.csv", VotesView.as_view(), name="study-votes-csv"),
    path("studies/<slug:slug>/sessions.csv", SessionsView.as_view(), name="study-sessions-csv"),
    path("studies/<slug:slug>/estimates.csv", EstimatesView.as_view(), name="study-estimates-csv"),
    path("studies/<slug:slug>/exclusions.csv", ExclusionsTableView.as_view(), name="study-exclusions-csv"),
    path("studies/<slug:slug>/scores.csv", ScoresView.as_view(), name="study-scores-csv"),
    path("studies/<slug:slug>/correlations.csv", CorrelationsView.as_view(), name="study-correlations-csv"),
]
