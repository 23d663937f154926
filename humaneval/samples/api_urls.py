"""Addresses of this app's API, under /api/v1/."""

from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from humaneval.samples.api import ImportViewSet, SampleSetViewSet, SampleViewSet

router = SimpleRouter()
router.register("sample-sets", SampleSetViewSet, basename="sample-set")

of_set = SimpleRouter()
of_set.register("samples", SampleViewSet, basename="sample")
of_set.register("imports", ImportViewSet, basename="import")

urlpatterns = [*router.urls, path("sample-sets/<slug:slug>/", include(of_set.urls))]
