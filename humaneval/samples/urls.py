"""Addresses of stimuli and thumbnails."""

from __future__ import annotations

from django.urls import path

from humaneval.samples import views

urlpatterns = [
    path("i/<str:token>.webp", views.stimulus, name="stimulus"),
    path("samples/<int:sample_id>/thumbnail.webp", views.thumbnail, name="sample-thumbnail"),
]
