"""Settings: from the environment, checked at start."""

from __future__ import annotations

import os
from ipaddress import IPv4Network
from pathlib import Path

import pytest
from pydantic import ValidationError

from app import settings
from app.errors import ConfigurationError
from app.settings import Settings


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.delenv(name, raising=False)


def refused(monkeypatch: pytest.MonkeyPatch, **environment: str) -> str:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refusal:
        settings.load()
    return str(refusal.value)


def test_nothing_need_be_set() -> None:
    loaded = settings.load()
    assert (loaded.host, loaded.port, loaded.data_dir) == ("127.0.0.1", 8000, Path("var"))
    assert loaded.resolved_database_url == "sqlite://var/getnotified.sqlite3"
    assert loaded.redis_url is None
    assert loaded.secret_key is None
    assert (loaded.connections_per_customer, loaded.heartbeat_seconds, loaded.retention_days) == (10, 15, 30)
    assert loaded.unsent_max_bytes == 65536


def test_the_environment_sets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "0")
    monkeypatch.setenv("HEARTBEAT_SECONDS", "0.5")
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@db:5432/name")
    monkeypatch.setenv("OPS_NETWORKS", '["10.1.0.0/16"]')
    loaded = settings.load()
    assert (loaded.port, loaded.heartbeat_seconds) == (0, 0.5)
    assert loaded.resolved_database_url == "postgres://u:p@db:5432/name"
    assert loaded.ops_networks == (IPv4Network("10.1.0.0/16"),)


def test_an_empty_value_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    monkeypatch.setenv("REDIS_URL", "")
    assert settings.load().port == 8000
    assert settings.load().redis_url is None


def test_what_other_programs_have_in_the_environment_does_not_disturb() -> None:
    assert "PATH" in os.environ
    assert settings.load() == settings.load(port=8000)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "http"),
        ("PORT", "-1"),
        ("PORT", "65536"),
        ("LOG_LEVEL", "LOUD"),
        ("HEARTBEAT_SECONDS", "0"),
        ("HEARTBEAT_SECONDS", "nan"),
        ("HEARTBEAT_SECONDS", "inf"),
        ("STALLED_SECONDS", "-1"),
        ("CONNECTIONS_PER_CUSTOMER", "-1"),
        ("CONNECTIONS_PER_PROCESS", "0"),
        ("TOPICS_PER_CONNECTION", "1001"),
        ("UNSENT_MAX_BYTES", "10"),
        ("WINDOW_MAX_ENTRIES", "1"),
        ("REQUEST_MAX_BYTES", "1"),
        ("RETENTION_DAYS", "0"),
        ("RETENTION_DAYS", "1.5"),
        ("SESSION_COOKIE_SECURE", "perhaps"),
        ("OPS_NETWORKS", '["10.0.0.0/33"]'),
        ("LOG_MAX_ENTRIES", "99"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name_with_what_was_given(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    line = refused(monkeypatch, **{name: value}).splitlines()[0]
    given = "10.0.0.0/33" if name == "OPS_NETWORKS" else value
    assert line.startswith(f"{name}={given!r}: ")


def test_every_bad_value_has_a_line_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = refused(monkeypatch, PORT="x", LOG_LEVEL="LOUD").splitlines()
    assert [line.partition("=")[0] for line in lines] == ["PORT", "LOG_LEVEL"]


@pytest.mark.parametrize("url", ["mysql://h/x", "postgres:x", "/var/db", "redis://h"])
def test_only_databases_that_we_know_are_taken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    message = refused(monkeypatch, DATABASE_URL=url)
    assert message.startswith("DATABASE_URL")
    assert "must start with postgres://, postgresql:// or sqlite://" in message


@pytest.mark.parametrize("url", ["http://h", "localhost:6379", "/tmp/redis.sock"])
def test_only_redis_is_taken_for_the_log(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    message = refused(monkeypatch, REDIS_URL=url)
    assert message.startswith("REDIS_URL")
    assert "must start with redis://, rediss:// or unix://" in message


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://h", "unix:///tmp/x.sock"])
def test_three_ways_to_redis_are_known(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    assert settings.load().redis_url == url


def test_a_short_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(monkeypatch, SECRET_KEY="k" * 31).startswith("SECRET_KEY")
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    assert settings.load().secret_key == "k" * 32


def test_browsers_can_not_be_told_to_come_back_between_a_time_and_an_earlier_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert refused(monkeypatch, RETRY_MIN_MS="300", RETRY_MAX_MS="200") == "RETRY_MIN_MS=300 is above RETRY_MAX_MS=200"


def test_settings_do_not_change_while_the_service_runs() -> None:
    with pytest.raises(ValidationError):
        settings.load().port = 1  # type: ignore[misc]  # which is the point


def test_every_number_has_a_bound_or_a_reason_beside_it() -> None:
    for name, field in Settings.model_fields.items():
        if field.annotation in (int, float):
            assert field.description, name
            assert field.metadata, name
