"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from humaneval.scoring.api import MetricRunViewSet, ScoreViewSet

router = SimpleRouter()
router.register("metric-runs", MetricRunViewSet, basename="metric-run")
router.register("scores", ScoreViewSet, basename="score")
urlpatterns = router.urls
