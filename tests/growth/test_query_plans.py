"""Nothing that the service asks of its database takes longer because there is more in it.

Each statement that is executed for something that the service does (`work.py`), with a database in which there is much
of everything (`history.py`), is explained: it enters tables through an index, and looks at few rows.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.growth import work
from tests.growth.work import NEEDED, WORKS, Work
from tests.support.service import PATIENCE_SECONDS, ROOT, EmptyPostgres, RedisServer, clean_environment, postgres_url

Seen = dict[str, dict[str, list[str]]]


class Known(NamedTuple):
    """A statement that looks at much.

    Attributes:
        works: what it is executed for.
        part: a pattern that its text begins with.
        reason: why it may, or what is wrong with it.
    """

    works: tuple[Work, ...]
    part: str
    reason: str

    def matches(self, statement: str) -> bool:
        return re.match(self.part, statement, re.DOTALL) is not None


ACCEPTED = (
    Known(
        (work.report_on_a_day,),
        r"SELECT .* COUNT\(\*\) AS waiting",
        "what waits is counted where it stands: its number is that of what is scheduled, however much was carried",
    ),
    Known((work.forget_what_is_old,), r'DELETE FROM "tally"', "of all tallies, once an hour"),
    Known((work.put_tallies_together,), "SELECT DISTINCT .* FROM .tally.", "looks at all tallies, once an hour"),
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """What looks at each dialect's database; both at the same time."""
    with ExitStack() as stack:
        urls = {"sqlite": f"sqlite://{tmp_path_factory.mktemp('growth') / 'database'}"}
        if "TEST_DATABASE_URL" in os.environ:
            postgres = EmptyPostgres()
            stack.callback(postgres.drop)
            urls["postgres"] = postgres.url
        yield {
            dialect: stack.enter_context(_looks(url, tmp_path_factory.mktemp(dialect))) for dialect, url in urls.items()
        }


@contextmanager
def _looks(url: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    redis = RedisServer(folder)
    redis.start()
    try:
        with _asked(url, redis.url) as process:
            yield process
    finally:
        redis.close()


@contextmanager
def _asked(url: str, redis_url: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.growth.work", url, redis_url]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment({}), stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def dialect(request: pytest.FixtureRequest) -> str:
    if request.param == "postgres":
        postgres_url()  # or skip
    return str(request.param)


@pytest.fixture(scope="module")
def seen(both: dict[str, subprocess.Popen[str]], dialect: str) -> Seen:
    """The faults of each statement, by what it is executed for."""
    printed, _ = both[dialect].communicate(timeout=PATIENCE_SECONDS)
    assert both[dialect].returncode == 0
    found: Seen = json.loads(printed)
    return found


def faults_of(seen: Seen, work: Work) -> dict[str, list[str]]:
    """What is wrong with statements of something that the service does."""
    return {statement: faults for statement, faults in seen[work.__name__].items() if faults}


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.__name__)
def test_a_statement_enters_tables_through_an_index_and_looks_at_few_rows(seen: Seen, dialect: str, work: Work) -> None:
    assert seen[work.__name__], "the database was asked nothing"
    faults = faults_of(seen, work)
    for accepted in (each for each in ACCEPTED if work in each.works):
        faults = {statement: each for statement, each in faults.items() if not accepted.matches(statement)}
    assert not faults


def test_a_statement_without_the_index_that_it_needs_is_noticed(seen: Seen) -> None:
    index, _ = NEEDED
    noticed = [statement for statement, faults in seen[index].items() if faults]
    assert noticed
    assert all('FROM "subscription"' in each for each in noticed)
