"""How the whole installation stands, asked for when Prometheus looks: each app tells of its own rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True)
class Standing:
    """One number: ``name`` without the prefix ``humaneval_``; a ``total`` only ever grows."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)
    total: bool = False


Teller = Callable[[], Iterable[Standing]]
_tellers: dict[str, Teller] = {}


def register(name: str, teller: Teller) -> None:
    """Make known who tells of some rows; one registered later under the same name takes its place."""
    _tellers[name] = teller


class Standings(Collector):
    """All numbers that apps tell, as Prometheus takes them."""

    def collect(self) -> Iterator[Metric]:
        """Yield one family a name. Raises what a teller raises: half a truth would look like the whole."""
        families: dict[str, Metric] = {}
        for teller in _tellers.values():
            for standing in teller():
                family = families.setdefault(standing.name, _family(standing))
                family.add_metric([*standing.labels.values()], standing.value)  # type: ignore[attr-defined]
        yield from families.values()


def _family(standing: Standing) -> Metric:
    kind = CounterMetricFamily if standing.total else GaugeMetricFamily
    return kind(f"humaneval_{standing.name}", standing.help, labels=[*standing.labels])
