"""Log lines: a fixed sentence, then what it is about."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator

import pytest

from app.run import logs

DRIVERS = ("tortoise", "tortoise.db_client", "aiosqlite", "asyncio", "hypercorn.access")
POOL = "asyncpg.pool"
logger = logging.getLogger("app.test")


Written = Callable[[], str]


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[Written]:
    """What has gone to standard error since it was last asked; logging is afterwards as it was before."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, [logging.getLogger(name).level for name in (*DRIVERS, POOL)]
    root.handlers = []
    try:
        yield lambda: capsys.readouterr().err
    finally:
        root.handlers, level, levels = before
        root.setLevel(level)
        for name, each in zip((*DRIVERS, POOL), levels, strict=True):
            logging.getLogger(name).setLevel(each)


def test_a_line_is_time_level_place_sentence_and_what_it_is_about(written: Written) -> None:
    logs.configure("INFO")
    logger.info("Pruned old notifications.", extra={"action": "pruned", "count": 3})
    line = written()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO app\.test: Pruned old notifications\. action=pruned count=3\n", line
    )


def test_what_it_is_about_stands_before_the_traceback(written: Written) -> None:
    logs.configure("INFO")
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        logger.exception("It broke.", extra={"action": "broke"})
    first, *rest = written().splitlines()
    assert first.endswith("ERROR app.test: It broke. action=broke")
    assert rest[0] == "Traceback (most recent call last):"
    assert rest[-1] == "ZeroDivisionError: a bug"


def test_the_level_is_kept(written: Written) -> None:
    logs.configure("WARNING")
    logger.info("quiet")
    logger.warning("loud")
    assert [line.rpartition(" ")[2] for line in written().splitlines()] == ["loud"]


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING"])
def test_drivers_tell_only_what_is_wrong(written: Written, level: str) -> None:
    logs.configure(level)
    for name in DRIVERS:
        logging.getLogger(name).info("SELECT 1")
        logging.getLogger(name).warning("slow")
    lines = written()
    assert lines.count("SELECT") == 0
    assert lines.count("slow") == len(DRIVERS)


def test_a_database_that_is_away_is_no_traceback_a_second_of_its_pool(written: Written) -> None:
    logs.configure("INFO")
    logging.getLogger(POOL).warning("retrying")
    logging.getLogger(POOL).error("broken")
    assert [line.rpartition(" ")[2] for line in written().splitlines()] == ["broken"]


def test_errors_alone_are_errors_alone(written: Written) -> None:
    logs.configure("ERROR")
    for name in (*DRIVERS, "app.test"):
        logging.getLogger(name).warning("slow")
    assert written() == ""


def test_configuring_twice_does_not_say_everything_twice(written: Written) -> None:
    logs.configure("INFO")
    logs.configure("INFO")
    logger.info("once")
    assert written().count("once") == 1


def test_no_value_begins_a_line_of_its_own(written: Written) -> None:
    logs.configure("INFO")
    logger.error("A request failed.", extra={"path": "/\n2026-01-01 00:00:00,000 INFO app: All is well.\r"})
    assert len(written().splitlines()) == 1
