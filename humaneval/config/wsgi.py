"""Entry point of WSGI servers."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

GUNICORN_GIVE_UP = 3  # by this exit code of a worker gunicorn stops rather than starts it again

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")
try:
    application = get_wsgi_application()
except ImproperlyConfigured as error:
    sys.stderr.write(f"The settings cannot be used: {error}\n")
    sys.exit(GUNICORN_GIVE_UP)
# Django loads views at the first request; a rater should not wait for that.
get_resolver().url_patterns  # noqa: B018
