"""Whatever senders, customers and bad luck do, in whatever order: every page sees what a model of the service says.

`make model` does 10,000 steps (STEPS=100000: more); `make test` a few hundred, the same ones in every run.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial

import click
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Machine
from tests.model.world import SETTINGS, DevWorld, ProductionWorld, World
from tests.support.service import Dev, Production

STEPS_OF_AN_EXAMPLE = 50
FEW_STEPS = 150
PLAN = settings(
    database=None,
    deadline=None,  # a restart takes a second
    stateful_step_count=STEPS_OF_AN_EXAMPLE,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


def on_sqlite() -> World:
    return DevWorld(Dev(**SETTINGS))


def on_postgres() -> World:
    return ProductionWorld(Production(**SETTINGS))


@pytest.fixture(params=[on_sqlite, on_postgres], ids=["dev on SQLite", "production on PostgreSQL"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    world: World = request.param()
    try:
        world.start()
        yield world
    finally:
        world.close()


def test_every_page_sees_what_the_model_says(world: World) -> None:
    steps = int(os.environ.get("STEPS", FEW_STEPS))
    seeded = int(os.environ.get("SEED", random.randrange(1_000_000) if "STEPS" in os.environ else 0))
    done: Counter[str] = Counter()
    had: Counter[str] = Counter()
    started = time.monotonic()
    try:
        while (left := steps - done.total()) > 0:  # an example may end early
            plan = settings(PLAN, max_examples=-(-left // STEPS_OF_AN_EXAMPLE))
            machine = seed(seeded + done.total())(partial(Machine, world, done, had))
            run_state_machine_as_test(machine, settings=plan)  # type: ignore[arg-type]  # it takes what makes one
    finally:
        seconds = time.monotonic() - started
        click.echo(f"{done.total():,} steps in {seconds:.0f} s, SEED={seeded}: {dict(done)}, {dict(had)}", err=True)
