"""The service's pruning, in a process of its own, whenever it is told to and not once an hour.

    python -m tests.model.pruner DATABASE_URL

Each line on its standard input is a time (Unix, milliseconds): what was carried before it goes. Each is answered with
the position up to which history is gone.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

import click

from app import database, marks
from app.run.prune import prune


async def main(database_url: str) -> None:
    await database.connect(database_url)
    for line in sys.stdin:
        await prune(datetime.fromtimestamp(int(line) / 1000, UTC))
        click.echo(await marks.pruned_to())
    await database.disconnect()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
