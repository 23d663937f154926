"""Addresses of this app under /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from humaneval.studies.api import StudyViewSet

router = SimpleRouter()
router.register("studies", StudyViewSet, basename="study")
urlpatterns = router.urls
