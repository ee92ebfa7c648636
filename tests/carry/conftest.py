"""A real redis-server for the tests of carrying; empty at the start of each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from app.run.embedded import EmbeddedRedis


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis(redis_server: EmbeddedRedis) -> Iterator[Redis]:
    """A connection of the test's own."""
    with Redis.from_url(redis_server.url, socket_timeout=10) as client:
        client.flushall()
        yield client


@pytest.fixture
def url(redis_server: EmbeddedRedis, redis: Redis) -> str:
    return redis_server.url
