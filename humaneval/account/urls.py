"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from humaneval.account import views

app_name = "account"
urlpatterns = [
    path("account/security/", views.security, name="security"),
    path("account/security/enrol/", views.enrol, name="enrol"),
    path("account/security/codes/", views.new_codes, name="new-codes"),
    path("account/security/remove/", views.remove, name="remove"),
    path("account/sign-in/code/", views.second_step, name="second-step"),
    path("account/sign-in/enrol/", views.first_enrolment, name="first-enrolment"),
]
