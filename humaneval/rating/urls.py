"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from humaneval.rating import live_page, page, rules_page

app_name = "rating"
urlpatterns = [
    path("s/<slug:slug>/", page.entry, name="entry"),
    path("s/<slug:slug>/preview/", page.preview, name="preview"),
    path("studies/<slug:slug>/live/", live_page.live, name="live"),
    path("studies/<slug:slug>/rules/", rules_page.rules, name="rules"),
]
