"""A worker's own counts on a port of its own, where ``WORKER_METRICS_PORT`` names one."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

from prometheus_client import REGISTRY, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

log = logging.getLogger(__name__)


class GraphicsMemory(Collector):
    """Memory of each GPU that this process uses; nothing where it uses none."""

    def collect(self) -> Iterator[Metric]:
        """Yield bytes held by this process's tensors, and bytes free for more of them.

        PyTorch keeps what tensors gave up for the next ones: to the card it is in use, to this process free.
        """
        torch = sys.modules.get("torch")
        if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
            return
        used = GaugeMetricFamily("humaneval_gpu_memory_used_bytes", "Held by tensors.", labels=["device"])
        free = GaugeMetricFamily(
            "humaneval_gpu_memory_free_bytes", "Free for its tensors.", labels=["device"]
        )
        for number in range(torch.cuda.device_count()):
            allocated = torch.cuda.memory_allocated(number)
            kept = torch.cuda.memory_reserved(number) - allocated
            used.add_metric([str(number)], allocated)
            free.add_metric([str(number)], torch.cuda.mem_get_info(number)[0] + kept)
        yield from (used, free)


def start(port: int) -> None:
    """Answer ``GET /metrics`` on a port, until the process ends. Raises OSError where it is taken."""
    REGISTRY.register(GraphicsMemory())
    start_http_server(port)
    log.info("this worker's metrics are on port %s", port)
