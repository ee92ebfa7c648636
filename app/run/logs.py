"""Log lines: a fixed sentence, then `action=` and what it is about."""

from __future__ import annotations

import logging

# What every record has; the rest was given as `extra`.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class _Formatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        extra = {name: str(value) for name, value in record.__dict__.items() if name not in _STANDARD}
        line, newline, traceback = super().format(record).partition("\n")
        return line + "".join(f" {name}={_on_one_line(value)}" for name, value in extra.items()) + newline + traceback


def _on_one_line(value: str) -> str:
    """A value that came from outside can't begin a line of its own."""
    return value if value.isprintable() else repr(value)


def configure(level: str) -> None:
    """Sends the log to standard error."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Each statement and each time-out of a driver is for who debugs the driver.
    for name in ("tortoise", "tortoise.db_client", "aiosqlite", "asyncio", "hypercorn.access"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # Each of its attempts at a database that is away, with a traceback; that it is away is said where it is needed.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
