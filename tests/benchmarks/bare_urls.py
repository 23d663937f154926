"""The platform's addresses, and a bare Django REST endpoint that inserts one row: intake's yardstick."""

from __future__ import annotations

from django.urls import include, path
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.rating.models import Rater


class BareSerializer(serializers.ModelSerializer[Rater]):
    """One row."""

    class Meta:
        model = Rater
        fields = ("panel", "key_hash")
        validators = ()  # no query to look for the like of it: the database refuses it anyway


class BareView(APIView):
    """Inserts one row, with the least that Django REST framework does."""

    authentication_classes: list[type] = []
    permission_classes = [AllowAny]
    throttle_classes: list[type] = []

    def post(self, request: Request) -> Response:
        """Insert the row that was sent."""
        asked = BareSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        asked.save()
        return Response(asked.data, status=201)


urlpatterns = [path("bare/", BareView.as_view()), path("", include("humaneval.config.urls"))]
