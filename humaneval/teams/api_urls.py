"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from humaneval.teams.api import TeamViewSet

router = SimpleRouter()
router.register("teams", TeamViewSet, basename="team")
urlpatterns = router.urls
