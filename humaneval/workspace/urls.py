"""Addresses of this app's pages."""

from __future__ import annotations

from django.urls import path

from humaneval.workspace import exports_page
from humaneval.workspace.planning import page

app_name = "workspace"
urlpatterns = [
    path("studies/<slug:slug>/plan/", page.plan, name="plan"),
    path("studies/<slug:slug>/exports/", exports_page.exports, name="exports"),
]
