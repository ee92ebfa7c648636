"""Two runs in one folder would write to the same files: the second one is refused, the first one does not notice."""

from __future__ import annotations

import asyncio

from tests.support.service import Dev, run_command


async def test_a_second_run_in_the_same_folder_is_refused_with_one_line(dev: Dev, me: int) -> None:
    done = await asyncio.to_thread(run_command, "dev", DATA_DIR=str(dev.data_dir), PORT="0")
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("getnotified can't start: ")
    assert "in use by another run" in line
    assert str(dev.process.status.pid) in line
    await dev.send(receiver_id=me)


async def test_a_port_that_is_taken_is_refused_with_one_line(dev: Dev) -> None:
    port = dev.url.rpartition(":")[2]
    done = await asyncio.to_thread(run_command, "dev", DATA_DIR=str(dev.folder / "other"), PORT=port)
    assert done.returncode == 2
    (line,) = [each for each in done.stderr.splitlines() if "can't start" in each]
    assert port in line
