"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from django.urls import path

from humaneval.rating import api, rule_sets_api

urlpatterns = [
    path("rating/sessions/", api.ArrivalView.as_view(), name="rating-sessions"),
    path("rating/session/", api.CurrentSessionView.as_view(), name="rating-session"),
    path("rating/session/assignments/", api.AssignmentsView.as_view(), name="rating-assignments"),
    path("rating/session/votes/", api.VotesView.as_view(), name="rating-votes"),
    path("rating/session/comprehension/", api.ComprehensionView.as_view(), name="rating-comprehension"),
    path("rating/session/practice/", api.PracticeView.as_view(), name="rating-practice"),
    path("rating/session/closing/", api.ClosingView.as_view(), name="rating-closing"),
    path("rating/session/complete/", api.CompleteView.as_view(), name="rating-complete"),
    path("studies/<slug:slug>/preview/", api.PreviewView.as_view(), name="study-preview"),
    path(
        "studies/<slug:slug>/preview/images/<int:sample_id>/",
        api.PreviewImageView.as_view(),
        name="preview-image",
    ),
    path("studies/<slug:slug>/rule-sets/", rule_sets_api.RuleSetsView.as_view(), name="study-rule-sets"),
    path(
        "studies/<slug:slug>/rule-sets/<int:version>/exclusions/",
        rule_sets_api.ExclusionsView.as_view(),
        name="study-exclusions",
    ),
]
