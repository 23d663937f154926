"""Entry point of WSGI servers."""

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")
application = get_wsgi_application()
# Django loads views at the first request; a rater should not wait for that.
get_resolver().url_patterns  # noqa: B018
