"""The Celery application: `celery -A humaneval.config worker`."""

from __future__ import annotations

import logging
import os
from typing import Any

from celery import Celery
from celery.loaders.app import AppLoader
from celery.signals import worker_init

log = logging.getLogger(__name__)


class Loader(AppLoader):
    """Reads the settings; those that cannot be used end the process with a sentence."""

    def config_from_object(self, obj: Any, silent: bool = False) -> bool:  # type: ignore[override] # (stub)
        """Read them from an object; return whether there were any."""
        from django.core.exceptions import ImproperlyConfigured

        try:
            return bool(super().config_from_object(obj, silent=silent))
        except ImproperlyConfigured as error:
            raise SystemExit(f"The settings cannot be used: {error}") from error


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "humaneval.config.settings")

app = Celery("humaneval", loader="humaneval.config.celery:Loader")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add("humaneval.jobs.at_work:SignsOfLife")


@worker_init.connect
def need_the_tables(**_: Any) -> None:
    """End a worker whose database lacks migrations; for one that does not answer yet, a worker waits."""
    from django.db import OperationalError, connection

    from humaneval.ui.database import NotSetUp, check_database

    try:
        connection.ensure_connection()
        check_database()
    except OperationalError as error:
        log.warning("the database does not answer yet (%s): is it up, and does DATABASE_URL name it?", error)
    except NotSetUp as error:
        raise SystemExit(str(error)) from error
    finally:
        connection.close()  # whoever works opens its own


@worker_init.connect
def need_the_device(sender: Any = None, **_: Any) -> None:
    """End a worker for metric runs that lacks the card it is to have: it would fail every run."""
    from django.conf import settings

    if settings.METRICS_DEVICE != "cuda" or "metrics" not in sender.app.amqp.queues.consume_from:
        return
    from metrics.devices import resolve_device
    from metrics.errors import InvalidInput

    try:
        resolve_device("cuda")
    except InvalidInput as error:
        raise SystemExit(f"METRICS_DEVICE=cuda: {error}.") from error


@worker_init.connect
def tell_of_itself(**_: Any) -> None:
    """Let a worker answer Prometheus, where the settings name a port."""
    from django.conf import settings

    from humaneval.monitoring import exporter

    if settings.WORKER_METRICS_PORT:
        exporter.start(settings.WORKER_METRICS_PORT)
