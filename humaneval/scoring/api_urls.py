"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from django.urls import path
from rest_framework.routers import SimpleRouter

from humaneval.scoring.api import LatentsView, MetricRunViewSet, ScoreViewSet

router = SimpleRouter()
router.register("metric-runs", MetricRunViewSet, basename="metric-run")
router.register("scores", ScoreViewSet, basename="score")
urlpatterns = [*router.urls, path("sample-sets/<slug:slug>/latents/", LatentsView.as_view(), name="latents")]
