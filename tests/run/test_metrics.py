"""Metrics: figures for Prometheus and for notebooks, read when they are asked for."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from app.run.metrics import Metrics, Reading


def scraped(metrics: Metrics) -> dict[str, tuple[str, float]]:
    """By name, the type and the value of each figure that is ours."""
    return {
        sample.name: (family.type, sample.value)
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
        if sample.name.startswith("getnotified_")
    }


def test_a_figure_is_read_each_time_it_is_asked_for() -> None:
    figures = {"connections": 1.0}
    metrics = Metrics({"connections": Reading("Open streams.", lambda: figures["connections"])})
    assert scraped(metrics) == {"getnotified_connections": ("gauge", 1.0)}
    figures["connections"] = 2.0
    assert scraped(metrics) == {"getnotified_connections": ("gauge", 2.0)}
    assert metrics.values()["connections"] == 2.0


def test_what_only_grows_is_a_counter() -> None:
    metrics = Metrics({"delivered_total": Reading("Events written.", lambda: 7, grows=True)})
    assert scraped(metrics) == {"getnotified_delivered_total": ("counter", 7.0)}


def test_every_figure_says_what_it_is() -> None:
    metrics = Metrics({"connections": Reading("Open streams.", lambda: 0)})
    assert b"# HELP getnotified_connections Open streams.\n" in metrics.text()


def test_the_process_itself_is_measured_too() -> None:
    names = {family.name for family in text_string_to_metric_families(Metrics({}).text().decode())}
    assert {"process_cpu_seconds", "process_resident_memory_bytes", "process_open_fds"} <= names
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes"} <= set(Metrics({}).values())


def test_two_processes_in_one_do_not_mix_their_figures() -> None:
    one = Metrics({"connections": Reading("Open streams.", lambda: 1)})
    other = Metrics({"connections": Reading("Open streams.", lambda: 2)})
    assert (one.values()["connections"], other.values()["connections"]) == (1, 2)
    assert scraped(one) != scraped(other)


def test_the_content_type_is_that_of_the_text_format() -> None:
    assert Metrics.CONTENT_TYPE.startswith("text/plain; version=0.0.4")
