"""The Celery application: `celery -A humaneval.config worker`."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")

app = Celery("humaneval")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("humaneval.jobs.at_work:SignsOfLife")
