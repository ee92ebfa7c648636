"""Load on a real service: what it tells is so, and nothing is left of it, however it ends."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from app.sdk.errors import BadParameter, NotInTime, NotReachable, Refused
from app.sdk.load import LoadResult, Plan, run
from app.sdk.load.processes import LoadFailed, Worker
from tests.conftest import Starter
from tests.support.service import PATIENCE_SECONDS, ROOT, Dev, clean_environment, eventually, lives, wait_until

QUICK = {"RETRY_MIN_MS": "100", "RETRY_MAX_MS": "300", "CONNECTIONS_PER_CUSTOMER": "0"}


def children() -> set[psutil.Process]:
    """Those of this process only: what they start themselves (a browser of other tests does) comes and goes."""
    return set(psutil.Process().children())


async def running(service: Dev, plan: Plan) -> LoadResult:
    return await asyncio.to_thread(run, service, plan, progress=False)


def in_order(result: LoadResult) -> bool:
    """Whether the clocks of every notification follow each other."""
    return all(
        each.sent_at < each.accepted_at <= each.committed_at <= each.carried_at <= each.answered_at
        for each in result.notifications
    )


# -- What it tells ----------------------------------------------------------------------------------


async def test_a_steady_load_arrives_and_its_clocks_follow_each_other(dev: Dev) -> None:
    before = children()
    # As in a notebook: in the thread of a loop that is running.
    result = run(dev, Plan(customers=30, rate=60, seconds=1.5, processes=2), progress=False)
    assert result.is_complete, result
    assert (len(result.notifications), len(result.deliveries)) == (90, 90)
    assert in_order(result)
    sent_at = [each.sent_at for each in result.notifications]
    assert sent_at[-1] - sent_at[0] == pytest.approx(1.5 * 89 / 90)
    assert {each.receivers for each in result.notifications} == {1}
    assert len({each.connection for each in result.deliveries}) > 20
    assert 0 < result.quantile_ms("received", 0.5) < result.quantile_ms("total", 0.5)
    assert not result.clock.is_certain  # it is the same one
    assert children() == before


async def test_to_a_topic_each_comes_to_everybody(dev: Dev) -> None:
    plan = Plan(customers=25, rate=60, seconds=1, pattern="burst", audience="topic", batch=5)
    result = await running(dev, plan)
    assert result.is_complete, result
    assert (len(result.notifications), len(result.deliveries)) == (60, 1_500)
    assert {each.received for each in result.notifications} == {25}
    assert len({each.answered_at for each in result.notifications}) == 12


async def test_a_day_of_orders_tells_customers_what_happens_to_them(dev: Dev) -> None:
    result = await running(dev, Plan(customers=10, rate=60, seconds=1, pattern="order_day"))
    assert result.is_complete, result
    assert len(result.deliveries) == 60


async def test_a_service_that_was_killed_in_the_middle_loses_nothing(starts: Starter) -> None:
    service = await starts(Dev(**QUICK))
    service.may_fail = True
    making = asyncio.create_task(
        running(service, Plan(customers=20, rate=80, seconds=3, grace_seconds=PATIENCE_SECONDS))
    )
    await some_arrive(service, 40)
    await service.disconnect()
    await asyncio.to_thread(service.process.kill)
    await asyncio.to_thread(service.start)
    result = await making
    assert (result.lost, result.out_of_order, result.refused, result.unanswered) == (0, 0, 0, 0), result
    assert len(result.notifications) == 240
    assert result.reconnects >= 20
    # What was due while nobody answered was sent late, and that is counted.
    assert result.quantile_ms("total", 1) > 500


# -- What goes wrong --------------------------------------------------------------------------------


class Nowhere:
    """A deployment that does not run."""

    url = "http://127.0.0.1:9"

    def token(self, subject: str, topics: list[str] | None = None) -> str:
        return f"{subject}{topics}"


class Forger:
    """A deployment whose key is not the service's."""

    def __init__(self, service: Dev, role: str) -> None:
        self.url = service.url
        self._service = service
        self._role = role

    def token(self, subject: str, topics: list[str] | None = None) -> str:
        made = self._service.token(subject, topics)
        return f"{made}x" if subject.startswith(self._role) else made


async def test_customers_that_may_not_listen_are_one_sentence(dev: Dev) -> None:
    before = children()
    with pytest.raises(Refused, match=r"^The service refused it \(401 token_invalid\): "):
        await asyncio.to_thread(run, Forger(dev, "customer"), Plan(customers=3), progress=False)
    assert children() == before


async def test_senders_that_may_not_send_are_counted(dev: Dev) -> None:
    plan = Plan(customers=3, rate=20, seconds=0.5)
    result = await asyncio.to_thread(run, Forger(dev, "sender"), plan, progress=False)
    assert result.refused == 10
    ((reason, count),) = result.refusals.items()
    assert (reason.partition(":")[0], count) == ("401 token_invalid", 10)
    assert "refused 10" in result.table()


async def test_connections_that_do_not_open_are_not_waited_for_for_ever(
    starts: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(run.__globals__, "OPENING_SECONDS", 1.0)  # the function hides its module
    service = await starts(Dev(CONNECTIONS_PER_PROCESS="4"))
    with pytest.raises(NotInTime, match="waiting for 6 of 10 connections to be open"):
        await running(service, Plan(customers=10))


async def test_without_keys_nothing_is_sent_twice(dev: Dev) -> None:
    result = await running(dev, Plan(customers=3, rate=20, seconds=0.5, keys=False))
    assert result.is_complete, result


def test_more_connections_than_a_process_may_have_files_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1_024, 1_100))
    with pytest.raises(BadParameter, match=r"^processes=1 must be 3 or more: one may open 1,100 files here\.$"):
        run(Nowhere(), Plan(customers=2_500, processes=1), progress=False)


def test_an_address_at_which_nobody_listens_is_one_sentence() -> None:
    with pytest.raises(NotReachable, match=r"No getnotified answers at http://127\.0\.0\.1:9"):
        run(Nowhere(), Plan(), progress=False)


def test_a_process_that_fails_says_why() -> None:
    worker = Worker("no task")
    with pytest.raises(LoadFailed, match=r"has a bug \(AttributeError: 'str' object has no attribute 'plan'\)"):
        worker.receive()
    worker.close()
    worker.wait()


def test_a_process_that_dies_is_noticed() -> None:
    before = children()
    worker = Worker("no task")
    (process,) = children() - before
    process.kill()
    with pytest.raises(LoadFailed, match="one of its processes has ended with -9"):
        worker.receive()
    worker.close()


# -- In a terminal ----------------------------------------------------------------------------------


@contextmanager
def checking(service: Dev, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`check-latency`, as somebody runs it who has the service's key."""
    environment = clean_environment({"DATA_DIR": str(service.data_dir)}) | {"GETNOTIFIED_URL": service.url}
    with subprocess.Popen(
        [sys.executable, "-m", "app", "check-latency", "--no-progress", *options],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def check(service: Dev, *options: str) -> tuple[int, str, str]:
    with checking(service, *options) as process:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        return process.returncode, out, err


def family(process: subprocess.Popen[str], size: int = 2) -> list[psutil.Process]:
    """The processes that a check has started, once it has."""
    started = psutil.Process(process.pid)
    return wait_until(lambda: found if len(found := started.children()) == size else [], "its processes have started")


def gone(processes: list[psutil.Process]) -> None:
    wait_until(lambda: not any(map(lives, processes)), "nothing is left behind", 5)


async def test_an_objective_that_is_met_is_exit_code_0_and_one_that_is_missed_1(dev: Dev) -> None:
    load = ("--customers", "20", "--rate", "40", "--seconds", "0.5")
    (met, table, _), (missed, summary, complaints) = await asyncio.gather(
        asyncio.to_thread(check, dev, *load, "--p99-ms", "10000", "--p50-ms", "10000"),
        asyncio.to_thread(check, dev, *load, "--p99-ms", "0.01", "--json"),
    )
    assert met == 0, table
    assert "accepted 20 of 20, received 20 of 20" in table
    assert "✔ All is well: 3 of 3 hold." in table
    assert (missed, complaints) == (1, "")
    told = json.loads(summary)
    assert told["objective"] == {"p50_ms": None, "p99_ms": 0.01, "met": False}
    assert (told["received"], told["lost"]) == (20, 0)


async def test_ctrl_c_gives_what_there_is_so_far(dev: Dev) -> None:
    with checking(dev, "--customers", "20", "--rate", "50", "--seconds", "600") as process:
        processes = family(process)
        await some_arrive(dev, 1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        out, err = await asyncio.to_thread(process.communicate, timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, err
    assert "interrupted: this is what there was so far" in out
    assert "lost 0, duplicates 0, out of order 0, refused 0" in out
    assert "of 30,000, received" in out
    assert err == ""
    gone(processes)


async def test_nothing_is_left_when_it_is_killed(dev: Dev) -> None:
    with checking(dev, "--customers", "20", "--rate", "50", "--seconds", "600") as process:
        processes = family(process)
        process.kill()
        gone(processes)


async def arrivals(service: Dev) -> int:
    """How many events the service has delivered since its start."""
    stats = await service.request("GET", "/stats", service.token("ops:test"))
    return int(stats.json()["delivered_total"])


async def some_arrive(service: Dev, count: int) -> None:
    """Returns once so many more are delivered."""
    before = await arrivals(service)

    async def look() -> bool:
        return await arrivals(service) >= before + count

    await eventually(look, "some arrive")
