"""Services for tests, and their logs where a test fails.

Starting a service takes seconds, so tests that leave it as it is share one: `dev`, `production` and `service`, and the
same with a window of ten entries. A shared one keeps what others have sent: a test has customers, topics and orders of
its own (`me`, `other`, `customers`, `topic`, `order`). What a test stops, breaks, prunes or configures, it starts
itself (`starts`).

What needs PostgreSQL has the mark `postgres`: from its fixtures, from the name of its parameter, or in its own words.
`make test` runs all the others, `make test-postgres` those.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from itertools import count
from pathlib import Path
from typing import TypeVar

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from tests.support import service as support
from tests.support.proxy import Proxy
from tests.support.service import Dev, Postgres, Production, Service, migrated_database, postgres_url
from tests.support.shared import Shared

AnyService = TypeVar("AnyService", bound=Service)
LOG_CHARACTERS = 20_000
BROWSER = "tests/browser/"
_NUMBERS = count(1_000_000)  # above those that stand in tests as they are
_OF_POSTGRES = {"production", "small_production", "proxy"}
# Files that take long for the place that their names give them: at the end one process would wait for the other.
_LONG = {"test_commands.py", "test_local.py", "test_migrations.py", "test_readme.py", "test_run.py"}


class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each process a file at a time, and all that needs a browser to one: each would start one of its own."""

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in _LONG)  # which leaves all others where they are
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        parameters = item.callspec.id if isinstance(item, pytest.Function) and hasattr(item, "callspec") else ""
        if _OF_POSTGRES.intersection(fixtures) or "PostgreSQL" in parameters or "postgres" in parameters.split("-"):
            item.add_marker("postgres")


def pytest_collection_finish() -> None:
    gc.freeze()  # thousands of tests stay to the end: no round of the collector need look at them


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    for service in support.running:
        service.begin_log()
    support.postgres_allowed = "postgres" in item.keywords or item.config.option.markexpr != "not postgres"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows what the services said during a test that failed."""
    report = yield
    if report.failed:
        for service in support.running:
            for name, log in service.logs:
                if log:
                    report.sections.append((f"log of {name}", log[-LOG_CHARACTERS:]))
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_database_is_left() -> Iterator[None]:
    yield
    Postgres.drop_template()


# -- Shared services --------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def shared(_no_database_is_left: None) -> Iterator[Shared]:
    shared = Shared()
    yield shared
    shared.close()


@pytest.fixture(params=["sqlite", "postgres"])
def migrated_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a database is that has the service's tables and no rows."""
    if request.param == "sqlite":
        file = tmp_path / "database"
        file.write_bytes(migrated_database())
        yield f"sqlite://{file}"
        return
    postgres = Postgres()
    yield postgres.url
    postgres.drop()


@pytest.fixture(params=[Dev, Production], ids=["dev on SQLite", "production on PostgreSQL"])
def shape(request: pytest.FixtureRequest) -> Callable[..., Service]:
    """Makes a service of either shape, with settings."""
    made: Callable[..., Service] = request.param
    return made


@pytest.fixture(params=[Dev, partial(Production, webs=1)], ids=["dev on SQLite", "production on PostgreSQL"])
def one_web(request: pytest.FixtureRequest) -> Callable[..., Service]:
    """The same with one process that serves HTTP."""
    made: Callable[..., Service] = request.param
    return made


@pytest.fixture
async def dev(shared: Shared) -> AsyncIterator[Dev]:
    """Everything in one process, with SQLite."""
    async with shared.lend(Dev) as service:
        yield service


@pytest.fixture
async def small_dev(shared: Shared) -> AsyncIterator[Dev]:
    """The same with a window of ten entries: what is older comes from the database."""
    async with shared.lend(Dev, small_window=True) as service:
        yield service


@pytest.fixture
async def production(shared: Shared) -> AsyncIterator[Production]:
    """Two web processes and a relay, with PostgreSQL."""
    async with shared.lend(Production) as service:
        yield service


@pytest.fixture
async def small_production(shared: Shared) -> AsyncIterator[Production]:
    """The same with a window of ten entries."""
    async with shared.lend(Production, small_window=True) as service:
        yield service


@pytest.fixture
async def service(shared: Shared, shape: Callable[..., Service]) -> AsyncIterator[Service]:
    """A service of either shape."""
    async with shared.lend(shape) as service:
        yield service


@pytest.fixture
async def small_service(shared: Shared, shape: Callable[..., Service]) -> AsyncIterator[Service]:
    """A service of either shape, with a window of ten entries."""
    async with shared.lend(shape, small_window=True) as service:
        yield service


@pytest.fixture
def customers() -> Iterator[int]:
    """Numbers of customers of whom nobody has heard before."""
    return _NUMBERS


@pytest.fixture
def me(customers: Iterator[int]) -> int:
    return next(customers)


@pytest.fixture
def other(customers: Iterator[int]) -> int:
    return next(customers)


@pytest.fixture
def topic(customers: Iterator[int]) -> str:
    """A topic to which nothing was sent before."""
    return f"topic{next(customers)}"


@pytest.fixture
def order(customers: Iterator[int]) -> str:
    """The number of an order of which nobody has heard before."""
    return f"o{next(customers)}"


# -- Services of a test's own -----------------------------------------------------------------------


class Starter:
    """Starts services; they end, in the order in which they came, with the stack."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self._stack = stack

    async def __call__(self, service: AnyService) -> AnyService:
        # In a thread: proxies and browsers of the test go on meanwhile.
        self._stack.push_async_callback(asyncio.to_thread, service.close)
        self._stack.push_async_callback(service.disconnect)
        await asyncio.to_thread(service.start)
        return service


@pytest.fixture
async def starts() -> AsyncIterator[Starter]:
    """Starts services that end with the test."""
    async with AsyncExitStack() as stack:
        yield Starter(stack)


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A way to the PostgreSQL of the tests that can be cut."""
    async with Proxy(postgres_url()) as proxy:
        yield proxy
