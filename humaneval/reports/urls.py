"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from humaneval.reports import views

app_name = "reports"
urlpatterns = [
    path("studies/<slug:slug>/report/", views.report_page, name="page"),
    path("studies/<slug:slug>/report/refresh/", views.refresh_report, name="refresh"),
    path("studies/<slug:slug>/report/download/", views.download_report, name="download"),
    path("studies/<slug:slug>/report/files/", views.download_files, name="files"),
]
