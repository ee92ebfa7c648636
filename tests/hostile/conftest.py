"""A service that is tried with whatever comes; what it had open before is open after it, and no more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.hostile import Counts, ImpatientDev
from tests.support.service import Service
from tests.support.shared import Shared


@pytest.fixture
async def impatient(shared: Shared) -> AsyncIterator[Service]:
    """A service that waits a second for its clients, and has open after a test what it had open before."""
    async with shared.lend(ImpatientDev) as service:
        before = await Counts.before(service)
        yield service
        await before.back(service)
