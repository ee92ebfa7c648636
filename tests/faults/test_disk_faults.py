"""The disk under SQLite is full for a time, under steady traffic: promises 1-4 and 6."""

from __future__ import annotations

import asyncio
import resource
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Starter
from tests.faults.table import Table
from tests.faults.traffic import traffic
from tests.support.service import Dev, eventually

FULL_SECONDS = 5.0
PAGE_BYTES = 4096
DISK = "64m"  # some minutes of traffic


class DevOnDisk(Dev):
    """One with all its files in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(DATA_DIR=str(folder))
        self._disk = folder

    @property
    def data_dir(self) -> Path:
        return self._disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small one, of which nobody else has files."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", tmp_path], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("Only who may mount has a disk to fill; what becomes of SQLite is tried without")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


async def test_a_database_that_can_not_grow_loses_nothing(starts: Starter, table: Table) -> None:
    """SQLite alone finds no space; the append-only file of Redis does."""
    dev = await starts(Dev())
    process = dev.process.status.pid
    async with traffic(dev, table, "no space for SQLite", stays_open=True):
        unlimited = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (PAGE_BYTES, unlimited[1]))
        try:
            await check_that_it_is_told(dev)
            await asyncio.sleep(FULL_SECONDS)
        finally:
            resource.prlimit(process, resource.RLIMIT_FSIZE, unlimited)


async def test_a_full_disk_loses_nothing(disk: Path, starts: Starter, table: Table) -> None:
    """Neither SQLite nor Redis can write."""
    dev = await starts(DevOnDisk(disk))
    async with traffic(dev, table, "disk full (SQLite and Redis)", stays_open=True):
        filling = disk / "filling"
        try:
            with suppress(OSError), filling.open("wb", buffering=0) as file:
                while file.write(b"x" * PAGE_BYTES):
                    pass
            await check_that_it_is_told(dev)
            await asyncio.sleep(FULL_SECONDS)
        finally:
            filling.unlink()


async def check_that_it_is_told(dev: Dev) -> None:
    """A sender is asked to come again."""

    async def refused() -> bool:
        response = await dev.post({"receiver_id": 0, "title_text": "is there space?"})
        assert response.status_code in (201, 202, 503), response.text
        return response.status_code == 503 and response.headers["Retry-After"].isdecimal()

    await eventually(refused, "a POST is answered with 503 and Retry-After")
