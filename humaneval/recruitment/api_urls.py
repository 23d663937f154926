"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from django.urls import path, re_path

from humaneval.recruitment import api
from humaneval.recruitment.link import api as link_api

urlpatterns = [
    path("studies/<slug:slug>/recruitment/", api.RecruitmentView.as_view()),
    path("studies/<slug:slug>/recruitment/postings/", api.PostingsView.as_view()),
    path("studies/<slug:slug>/recruitment/ledger/", api.LedgerView.as_view()),
    path("studies/<slug:slug>/recruitment/raters/", api.RatersView.as_view()),
    path("studies/<slug:slug>/link/", link_api.LinkView.as_view()),
    path("studies/<slug:slug>/invitations/", link_api.InvitationsView.as_view()),
    path("recruitment/money/", api.MoneyView.as_view()),
    path("studies/<slug:slug>/recruitment/reconciliation/", api.ReconciliationView.as_view()),
    path("postings/<int:pk>/cost/", api.CostView.as_view()),
    path("postings/<int:pk>/publish/", api.PublishView.as_view()),
    path("postings/<int:pk>/approve/", api.ApproveView.as_view()),
    path("postings/<int:pk>/bonuses/", api.BonusesView.as_view()),
    re_path(r"^postings/(?P<pk>[0-9]{1,18})/(?P<move>pause|resume|stop)/$", api.MoveView.as_view()),
    path("panel-calls/<int:pk>/", api.IntentView.as_view()),
]
