"""Services that many tests use, one after the other: starting one takes seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar, cast

import pytest

from tests.support.service import Service

AnyService = TypeVar("AnyService", bound=Service)
# Tests have more connections of a customer than a customer, and look from an address that is no operator's.
SHARED_SETTINGS = {"CONNECTIONS_PER_CUSTOMER": "0", "OPS_NETWORKS": '["10.0.0.0/8"]'}
SMALL_WINDOW = {"WINDOW_MAX_ENTRIES": "10"}


class Shared:
    """Services that tests have one after the other, each started by the first that asks for it."""

    def __init__(self) -> None:
        self._services: dict[tuple[Callable[..., Service], bool], Service] = {}

    def take(self, shape: Callable[..., AnyService], small_window: bool = False) -> AnyService:
        service = self._services.get((shape, small_window))
        if service is None:
            service = shape(**SHARED_SETTINGS, **(SMALL_WINDOW if small_window else {}))
            try:
                service.start()
            except BaseException:
                service.close()
                raise
            self._services[shape, small_window] = service
        return cast(AnyService, service)

    def give_back(self, service: Service) -> None:
        """Fails the test that has broken it, and no other: the next one gets a new one."""
        if not service.is_well:
            self._services = {key: each for key, each in self._services.items() if each is not service}
            service.close()  # which says what is wrong
            pytest.fail("A service that tests share has not outlived this one")

    def close(self) -> None:
        with ThreadPoolExecutor() as pool:  # all at once: they need not wait for each other
            closing = [pool.submit(service.close) for service in self._services.values()]
        for each in closing:
            each.result()

    @asynccontextmanager
    async def lend(self, shape: Callable[..., AnyService], small_window: bool = False) -> AsyncIterator[AnyService]:
        # In a thread: the loop of the test goes on meanwhile.
        service = await asyncio.to_thread(self.take, shape, small_window)
        try:
            yield service
        finally:
            await service.disconnect()
            self.give_back(service)
