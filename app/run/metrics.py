"""What the process counts, for Prometheus and for notebooks. Read when asked for: counting costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

PREFIX = "getnotified_"


class Reading(NamedTuple):
    """One figure: what it says, how to read it, and whether it only grows."""

    help: str
    read: Callable[[], float]
    grows: bool = False


class Metrics(Collector):
    """The figures of one process, by name (without the prefix `getnotified_`)."""

    CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

    def __init__(self, readings: Mapping[str, Reading]) -> None:
        self._readings = readings
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def collect(self) -> Iterator[Metric]:
        for name, reading in self._readings.items():
            family = CounterMetricFamily if reading.grows else GaugeMetricFamily
            yield family(f"{PREFIX}{name}", reading.help, value=reading.read())

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def values(self) -> dict[str, float]:
        """The same figures without their prefix, but for those with labels."""
        samples = [sample for family in self._registry.collect() for sample in family.samples]
        return {each.name.removeprefix(PREFIX): each.value for each in samples if not each.labels}
