"""Background loops: one that ends takes the process down, and all of them end with the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from app.run import background as background_module
from app.run.background import Background
from tests.support.tasks import turns

PATIENCE_SECONDS = 5.0


@pytest.fixture
async def background() -> AsyncIterator[Background]:
    made = Background()
    yield made
    async with asyncio.timeout(PATIENCE_SECONDS):
        await made.stop()


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_while_its_loops_run_the_process_goes_on(background: Background) -> None:
    background.start("one", for_ever())
    background.start("other", for_ever())
    await turns(5)
    assert not background.stopping.is_set()
    assert not background.failed


@pytest.mark.parametrize("how", ["by an error", "by itself"])
async def test_a_loop_that_ends_takes_the_process_down_by_name(
    background: Background, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def loop() -> None:
        await asyncio.sleep(0)
        if how == "by an error":
            raise ZeroDivisionError("a bug")

    background.start("well", for_ever())
    background.start("the tail", loop())
    async with asyncio.timeout(PATIENCE_SECONDS):
        await background.stopping.wait()
    assert background.failed
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert record.getMessage() == "The background loop the tail has ended: the process stops."
    assert ("ZeroDivisionError: a bug" in caplog.text) is (how == "by an error")


async def test_stopping_ends_all_loops_and_is_no_failure(background: Background) -> None:
    ended: list[str] = []

    async def loop(name: str) -> None:
        try:
            await for_ever()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    for name in ("one", "other"):
        background.start(name, loop(name))
    await turns(5)
    await background.stop()
    assert sorted(ended) == ["one", "other"]
    assert not background.failed
    assert not background.stopping.is_set()


async def test_loops_that_never_began_leave_nothing(background: Background) -> None:
    begun: list[str] = []

    async def loop() -> None:
        begun.append("it")

    background.start("never", loop())
    await background.stop()  # before the loop had its first turn
    assert begun == []
    assert not background.failed
    assert [task for task in asyncio.all_tasks() if task.get_name() == "never"] == []


async def test_there_may_be_nothing_to_stop(background: Background) -> None:
    await background.stop()
    await background.stop()


async def test_a_loop_that_breaks_down_while_it_ends_is_told(
    background: Background, caplog: pytest.LogCaptureFixture
) -> None:
    async def loop() -> None:
        try:
            await for_ever()
        finally:
            raise ZeroDivisionError("a bug")

    background.start("bad", loop())
    await turns(5)
    await background.stop()
    assert background.failed
    assert "ZeroDivisionError: a bug" in caplog.text


async def test_a_loop_that_did_not_hear_that_it_is_to_end_is_told_again(
    background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As happens in Python 3.11, when `asyncio.wait_for` has a result in the turn in which it is cancelled."""
    monkeypatch.setattr(background_module, "STOP_SECONDS", 0.01)
    swallowed: list[str] = []

    async def loop() -> None:
        with suppress(asyncio.CancelledError):
            await for_ever()
        swallowed.append("it")
        await for_ever()

    background.start("deaf", loop())
    await turns(5)
    await background.stop()
    assert swallowed
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "deaf"]
    assert not background.failed


async def test_a_loop_that_does_not_let_go_is_named_and_left_behind(
    background: Background, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_module, "STOP_SECONDS", 0.01)
    let_go = asyncio.Event()

    async def loop() -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()

    background.start("stubborn", loop())
    await turns(5)
    await background.stop()
    assert "The loop stubborn does not end." in caplog.text
    let_go.set()
    await turns(2)


async def test_what_breaks_down_after_it_was_left_behind_is_told_and_fails_nothing(
    background: Background, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(background_module, "STOP_SECONDS", 0.01)
    let_go = asyncio.Event()

    async def loop() -> None:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()
        raise ConnectionError("the database is closed")

    background.start("stubborn", loop())
    await turns(5)
    await background.stop()
    let_go.set()
    await turns(5)
    assert "The loop stubborn has ended late: ConnectionError('the database is closed')" in caplog.text
    assert not background.failed
