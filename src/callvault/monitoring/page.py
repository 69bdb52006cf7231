"""Figures as the text that Prometheus reads."""

from collections.abc import Iterable, Iterator
from itertools import accumulate

from prometheus_client import PROCESS_COLLECTOR, CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from callvault.monitoring.families import FAMILIES, Buckets, Family, Sample

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def page(samples: Iterable[Sample]) -> bytes:
    """Return the page, with CPU, memory and files of this process below.

    Raises KeyError or ValueError for a figure of no family, or with other labels than its own.
    """
    registry = CollectorRegistry()
    registry.register(_Given(samples))
    registry.register(PROCESS_COLLECTOR)
    return generate_latest(registry)


class _Given(Collector):
    """Hands over figures that somebody else collected."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self._by_name: dict[str, list[Sample]] = {}
        for sample in samples:
            self._by_name.setdefault(sample.name, []).append(sample)

    def collect(self) -> Iterator[Metric]:
        """Yield one metric a family."""
        for name, samples in self._by_name.items():
            yield _metric(FAMILIES[name], samples)


def _metric(family: Family, samples: list[Sample]) -> Metric:
    """Return a family with its figures."""
    if family.kind == "histogram":
        return _histogram(family, samples)
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    metric = make(family.name, family.sentence, labels=family.labels)
    for sample in samples:
        if len(sample.labels) != len(family.labels) or isinstance(sample.value, Buckets):
            raise ValueError(f"{family.name} is one figure for each of {family.labels}")
        metric.add_metric(sample.labels, sample.value)
    return metric


def _histogram(family: Family, samples: list[Sample]) -> Metric:
    metric = HistogramMetricFamily(family.name, family.sentence)
    for sample in samples:
        if not isinstance(sample.value, Buckets):
            raise ValueError(f"{family.name} is a histogram")
        metric.add_metric((), _cumulated(sample.value), sample.value.total)
    return metric


def _cumulated(buckets: Buckets) -> list[tuple[str, float]]:
    names = [*map(str, buckets.bounds), "+Inf"]
    return list(zip(names, accumulate(buckets.counts), strict=True))
