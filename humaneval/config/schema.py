"""The API's description, drawn once in a process: drawing it takes seconds, and anybody may ask."""

from __future__ import annotations

from functools import cache
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import translation
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request

_drawing = Lock()
"""Those who ask while it is drawn wait for the one drawing."""


@cache
def _drawn(renderer: Any) -> bytes:
    generator = SpectacularAPIView.generator_class()
    with translation.override(settings.LANGUAGE_CODE):
        schema = generator.get_schema(request=None, public=True)
        text: bytes = renderer().render(schema, renderer_context={})
    return text


class SchemaView(SpectacularAPIView):
    """OpenAPI as YAML, or as JSON for who asks for that."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """Return the description, the same for everybody."""
        renderer = request.accepted_renderer
        kind: Any = type(renderer)
        with _drawing:
            document = _drawn(kind)
        name = self._get_filename(request, None)
        disposition = {"Content-Disposition": f'inline; filename="{name}"'}
        return HttpResponse(document, content_type=renderer.media_type, headers=disposition)
