"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from humaneval.ui import views

urlpatterns = [path("", views.front, name="front")]
