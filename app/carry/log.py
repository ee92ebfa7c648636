"""The log: one Redis stream that holds every entry, in the one order that all agree on.

Redis gives each entry its position. A script appends, because four things have to be one step:

- a uid is carried once: the process that accepted a notification and the relay may both try, at any time;
- and not at all once it has been taken back, by whoever was about to carry it;
- nothing is appended to a log that has lost entries (Redis restarted empty, or without its last second) before
  they are back: an entry's id can't be below the newest one, so they could never be put back afterwards;
- a sequence number stays within the 20 bits that a position has for it, even when Redis's clock runs behind.

Whether the log is whole is known by `COMPLETE`: it names Redis's run id, which changes with every start, for which
somebody has compared the log with the database, and an epoch, which changes with every repair. A connection does not
outlive a run, so after every broken connection `_verify` looks again; the script looks each time.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import RedisError, ResponseError

from app import position as positions
from app.carry.packing import pack, position_of, position_of_one, unpacked
from app.entry import Carried, Entry
from app.errors import LogUnavailable

logger = logging.getLogger(__name__)

# One hash tag, so that a Redis Cluster keeps them in one slot, where one script may touch them all.
LOG = "{getnotified}:log"
COMPLETE = "{getnotified}:complete"
CARRIED = "{getnotified}:carried"
CARRIED_BEFORE = "{getnotified}:carried:before"
REPAIR = "{getnotified}:repair"
RELAY = "{getnotified}:relay"

# Uids remembered to refuse a second one: between one and two times as many, 100 bytes each. A row is tried twice
# within seconds, or after a restart, when it is among the last that were carried.
CARRIED_MAX = 50_000
# Bytes and entries of one script: about 20 ms, in which Redis does nothing else.
SCRIPT_MAX_BYTES = 1024 * 1024
SCRIPT_MAX_ENTRIES = 1000
# Entries put back at once, and the newest that are put back after a loss: what running tails may still lack.
# Older history is in the database, where replay finds it.
REPAIR_BATCH = 1000
REPAIR_MAX = 10_000

# A sender waits no longer than this for a Redis that hangs; the relay carries what it has sent.
COMMAND_SECONDS = 2.0
AWAY_SECONDS = 0.5  # after that, for so long, the next ones do not wait at all
REPAIR_SECONDS = 15.0
TAIL_BLOCK_SECONDS = 2.0
TAIL_COMMAND_SECONDS = 5.0  # longer than it blocks

# How far the clocks of Redis and of a process of ours may be apart.
CLOCKS_APART_MS = 500

INCOMPLETE = "INCOMPLETE"
_APPEND = """
if redis.replicate_commands then redis.replicate_commands() end -- Redis 6: allow XADD's ids in a script
local log, complete, carried, before = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
if redis.call('GET', complete) ~= ARGV[1] then return redis.error_reply('INCOMPLETE') end
local ids = {}
for i = 4, #ARGV, 3 do
  local uid, retracts = ARGV[i], ARGV[i + 1]
  local id = uid ~= '' and (redis.call('HGET', carried, uid) or redis.call('HGET', before, uid))
  if not id then
    id = redis.call('XADD', log, 'MAXLEN', '~', ARGV[2], '*', 'e', ARGV[i + 2])
    if uid ~= '' then redis.call('HSET', carried, uid, id) end
    if retracts ~= '' then redis.call('HSETNX', carried, retracts, id) end
  end
  ids[#ids + 1] = id
end
local ms, seq = string.match(ids[#ids], '(%d+)-(%d+)')
if tonumber(seq) > 524288 then redis.pcall('XSETID', log, string.format('%.0f-0', tonumber(ms) + 1)) end
if redis.call('HLEN', carried) > tonumber(ARGV[3]) then
  redis.call('UNLINK', before)
  redis.call('RENAME', carried, before)
end
return ids
"""

_RAISE = """
if redis.replicate_commands then redis.replicate_commands() end
local added = redis.pcall('XADD', KEYS[1], ARGV[1], 'e', '')
if not added.err then redis.call('XDEL', KEYS[1], ARGV[1]) end -- refused: it is above that already
"""

_RENEW = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
"""

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"

Restore = Callable[[str, int, int], Awaitable[Sequence[Entry]]]


class _Redis(Redis):
    """Redis over one connection; what redis-py does when it is made is not done again before each command."""

    async def initialize(self) -> Self:
        return await super().initialize() if self.connection is None else self


class _BoundedRedis(_Redis):
    """The same, each command of which ends in time.

    redis-py's own `socket_timeout` is an `asyncio.wait_for`. Until Python 3.12 that returns its result in place of a
    cancellation that comes in the last turns of the loop: one of a few, so a busy process hardly heard that it was
    to end.
    """

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        async with asyncio.timeout(COMMAND_SECONDS):
            return await super().execute_command(*words, **options)  # type: ignore[no-untyped-call]


class Log:
    """One process's way to the log.

    Args:
        url: Redis, `redis://…` or `unix://…`.
        max_entries: how many entries Redis keeps (about).
        restore: is told the name of a new run (see `Carried`), from which on positions of earlier runs are void unless
            they are in the database. Returns the newest entries that the database knows above a position, at most so
            many, in order. Raises LogUnavailable if they can't be had.
    """

    def __init__(self, url: str, max_entries: int, restore: Restore) -> None:
        self._max_entries = max_entries
        self._restore = restore
        # No retries: a connection that was made anew in silence could be one to a Redis that has lost entries.
        # RESP2: its answers have one form in all versions of Redis and of redis-py.
        options: dict[str, Any] = {
            "protocol": 2,
            "single_connection_client": True,
            "retry": Retry(NoBackoff(), 0),
            "socket_connect_timeout": COMMAND_SECONDS,
            "socket_timeout": None,  # see `_BoundedRedis`
        }
        self._redis = _BoundedRedis.from_url(url, **options)
        # A blocking XREAD holds up all that comes after it on its connection, so the tail has one of its own.
        self._tail_redis = _Redis.from_url(url, **options)
        self._append = self._redis.register_script(_APPEND)
        self._raise = self._redis.register_script(_RAISE)
        self._renew = self._redis.register_script(_RENEW)
        self._release = self._redis.register_script(_RELEASE)
        self._verifying: asyncio.Task[str] | None = None
        self._run: str | None = None  # what `COMPLETE` said when it was last looked at; None: look again
        self._away_until = 0.0
        self._owner = secrets.token_hex(8)

    async def append(self, entries: Sequence[Entry]) -> Carried:
        """Appends entries, each after the one before it.

        A uid that the log has carried already keeps the position that it got then.

        Raises:
            LogUnavailable: Redis is away. Whether the entries were appended is not known.
        """
        if not entries:
            return Carried("", [])
        if time.monotonic() < self._away_until:
            raise LogUnavailable("Redis was away a moment ago")
        async with self._available():
            appended = [await self._append_part(part) for part in _parts(entries)]
        runs = {part.run for part in appended}
        if len(runs) > 1:
            raise LogUnavailable("Redis restarted in the middle of a batch")
        return Carried(runs.pop(), [position for part in appended for position in part.positions])

    async def verify(self) -> None:
        """Makes sure that the log is whole: what Redis has lost is put back from the database.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available(REPAIR_SECONDS):
            if self._run is None or self._run != await self._completed():
                await self._verify()

    async def newest(self, count: int) -> list[Entry]:
        """The newest entries, in order.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            found = await self._redis.xrevrange(LOG, count=count)
        return unpacked(found)[::-1]

    async def after(self, position: int, count: int) -> list[Entry]:
        """The next entries after a position; waits up to 2 s for the first, then returns none.

        None sooner, when the log was put in order meanwhile.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available(TAIL_COMMAND_SECONDS):
            found: Any = await self._tail_redis.xread(
                {LOG: positions.show(position)}, count=count, block=int(TAIL_BLOCK_SECONDS * 1000)
            )
        return unpacked(found[0][1]) if found else []

    async def oldest(self) -> int:
        """The position of the oldest entry that the log still has; 0: it has none.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            found = await self._tail_redis.xrange(LOG, count=1)
        return position_of_one(found)

    async def is_full(self) -> bool:
        """Whether the log has as many entries as it keeps: else none has been trimmed.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            return await self._tail_redis.xlen(LOG) >= self._max_entries

    async def now_ms(self) -> int:
        """Redis's clock, by which positions are given (Unix time).

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            seconds, microseconds = await self._redis.time()
        return seconds * 1000 + microseconds // 1000

    async def lead(self, lease_ms: int) -> bool:
        """Takes or renews the relay's lease; whether this process has it.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            return bool(await self._renew(keys=[RELAY], args=[self._owner, lease_ms]))

    async def is_led(self) -> bool:
        """Whether some process is the active relay.

        Raises:
            LogUnavailable: Redis is away.
        """
        async with self._available():
            return bool(await self._redis.exists(RELAY))

    async def resign(self) -> None:
        """Gives the relay's lease back, if this process has it."""
        async with self._available():
            await self._release(keys=[RELAY], args=[self._owner])

    async def close(self) -> None:
        if self._verifying is not None and not self._verifying.done():
            self._verifying.cancel()
            await asyncio.wait([self._verifying])
        await self._redis.aclose()
        await self._tail_redis.aclose()

    @asynccontextmanager
    async def _available(self, seconds: float = COMMAND_SECONDS) -> AsyncIterator[None]:
        try:
            # Counted from here: commands go over one connection, and a Redis that hangs holds up those behind it.
            async with asyncio.timeout(seconds):
                yield
            self._away_until = 0.0
        except LogUnavailable:
            self._run = None
            raise
        except (RedisError, OSError, TimeoutError) as error:
            self._run = None
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise LogUnavailable(f"Redis: {str(error) or repr(error)}") from error

    async def _append_part(self, arguments: Sequence[str | bytes]) -> Carried:
        try:
            return await self._run_append(arguments)
        except (ConnectionLost, ResponseError) as error:
            if isinstance(error, ResponseError) and str(error) != INCOMPLETE:
                raise
            # Redis has restarted, or has lost the log. What has a uid is not appended twice.
            self._run = None
            return await self._run_append(arguments)

    async def _run_append(self, arguments: Sequence[str | bytes]) -> Carried:
        run = self._run or await self._verify()
        keys = [LOG, COMPLETE, CARRIED, CARRIED_BEFORE]
        ids = await self._append(keys, [run, self._max_entries, CARRIED_MAX, *arguments])
        return Carried(run, [position_of(each) for each in ids])

    async def _verify(self) -> str:
        """Compares the log with the database, once a run of Redis; returns what `COMPLETE` says of it then.

        In a task of its own: who waits for it may give up, and the repair goes on.
        """
        if self._verifying is None or self._verifying.done():
            self._verifying = asyncio.create_task(self._compare_and_repair(), name="verify the log")
            self._verifying.add_done_callback(_look_at_error)
        return await asyncio.shield(self._verifying)

    async def _compare_and_repair(self) -> str:
        run_id: str = (await self._redis.info("server"))["run_id"]
        completed = await self._completed()
        if not completed.startswith(run_id):
            async with self._redis.lock(REPAIR, timeout=REPAIR_SECONDS, blocking_timeout=REPAIR_SECONDS):
                completed = await self._completed()
                if not completed.startswith(run_id):
                    completed = f"{run_id}:{secrets.token_hex(4)}"
                    await self._repair(completed)
                    await self._redis.set(COMPLETE, completed)
        self._run = completed
        return completed

    async def _completed(self) -> str:
        value: Any = await self._redis.get(COMPLETE)
        return "" if value is None else str(value, "ascii")

    async def _repair(self, run: str) -> None:
        """Puts back what the database has above the newest entry, at the positions that it had.

        What comes after it gets positions that nobody has seen: there were entries above it that the database does not
        know, tails have read them, and the clock of this Redis may be behind. Positions go by our clock, or, where they
        are ahead of it, rise by one an entry, far fewer than a millisecond has.
        """
        newest = position_of_one(await self._redis.xrevrange(LOG, count=1))
        lost = await self._restore(run, newest, REPAIR_MAX)
        for start in range(0, len(lost), REPAIR_BATCH):
            pipeline = self._redis.pipeline(transaction=False)
            for entry in lost[start : start + REPAIR_BATCH]:
                pipeline.xadd(LOG, {"e": pack(entry)}, id=positions.show(entry.position))
                pipeline.hset(CARRIED, entry.uid, positions.show(entry.position))
            async with asyncio.timeout(COMMAND_SECONDS):
                await pipeline.execute()
        newest = lost[-1].position if lost else newest
        floor_ms = max(int(time.time() * 1000) + CLOCKS_APART_MS, positions.to_ms(newest) + 2)
        await self._raise(keys=[LOG], args=[f"{floor_ms}-0"])
        if lost:
            logger.warning("The log had lost entries; they are back.", extra={"action": "repair", "count": len(lost)})


def _parts(entries: Sequence[Entry]) -> Iterator[list[str | bytes]]:
    """The arguments of the scripts that append these entries."""
    part: list[str | bytes] = []
    size = 0
    for entry in entries:
        packed = pack(entry)
        if part and (size + len(packed) > SCRIPT_MAX_BYTES or len(part) >= 3 * SCRIPT_MAX_ENTRIES):
            yield part
            part, size = [], 0
        part += (entry.uid, entry.retracts, packed)
        size += len(packed)
    yield part


def _look_at_error(task: asyncio.Task[str]) -> None:
    # Who waited for it was told; when nobody waits any more, nobody need be.
    if not task.cancelled():
        task.exception()
