"""Plans: how the database means to execute what it is asked, and how much it looks at for that.

For a process of its own: whatever is asked of a database in it from then on is explained first.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial, wraps
from itertools import count
from typing import Any

from tortoise.backends.asyncpg.client import AsyncpgDBClient, TransactionWrapper

# Of one statement, unless it is allowed more.
ROWS_MAX = 1_500
# Steps of SQLite's virtual machine: finding and reading a row takes about fifty, passing one by takes five or more.
STEPS_MAX = 10_000

_METHODS = ("execute_query", "execute_query_dict", "execute_insert", "execute_many")
_PLANNED = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")

Node = dict[str, Any]


class Watch:
    """Explains each statement when it comes for the first time, and (SQLite) counts the steps that it takes then.

    SQLite is watched where Python hands statements over, PostgreSQL where Tortoise does.

    Args:
        small: tables that do not grow.
    """

    def __init__(self, small: Sequence[str]) -> None:
        self._faults: dict[str, list[str]] = {}
        self._steps: Counter[str] = Counter()
        self._allowed = 1
        self._small = small
        self._leading: dict[str, str] = {}
        self._numbers = count()
        sqlite3.connect = partial(sqlite3.connect, factory=partial(_Watched, self))  # type: ignore[assignment]
        for client in (AsyncpgDBClient, TransactionWrapper):
            for name in _METHODS:
                if name in vars(client):
                    setattr(client, name, self._watched(vars(client)[name], name == "execute_many"))

    def begin(self, allowed: int = 1) -> None:
        """Begins anew.

        Args:
            allowed: how many times as much as usual a statement may look at.
        """
        self._allowed = allowed
        self._faults = {}
        self._steps.clear()

    def seen(self) -> dict[str, list[str]]:
        """The statements since it began, each with what is wrong with it."""
        for query, steps in self._steps.items():
            if steps > STEPS_MAX * self._allowed:
                self._faults[query].append(f"takes {steps} steps")
        return self._faults

    # -- SQLite -------------------------------------------------------------------------------------

    def look(self, connection: sqlite3.Connection, query: str, values: Any) -> bool:
        """Explains a statement, if it is new."""
        if query in self._faults or not query.lstrip().upper().startswith(_PLANNED):
            return False
        # Numbered: what was explained before would be remembered as it was, whatever has become of the indexes.
        explain = f"EXPLAIN QUERY PLAN {query} -- {next(self._numbers)}"
        plan = [str(detail) for *_, detail in sqlite3.Connection.execute(connection, explain, values)]
        # The results of a part of the statement are gone through; that part has lines of its own.
        parts = {match[1] for detail in plan if (match := re.match(r"(?:CO-ROUTINE|MATERIALIZE) (\w+)", detail))}
        # What it does not name are tables that refer to it: looked through only if a reference is broken already.
        scanned = set(re.findall(r"\w+", query)) - parts - set(self._small)
        if " 1=0" in query:  # Tortoise asks for nothing
            scanned = set()
        self._faults[query] = [detail for detail in plan if self._goes_through(detail, scanned)]
        return True

    def step(self, query: str) -> None:
        self._steps[query] += 1

    @staticmethod
    def _goes_through(detail: str, tables: set[str]) -> bool:
        """Whether a line of a plan says that a table is gone through, or an index, instead of entered."""
        if "AUTOMATIC" in detail:  # an index made for this one statement, of the whole table
            return True
        match = re.match(r"SCAN (\w+)", detail)
        if match is None or match[1] not in tables:
            return False
        return "VIRTUAL TABLE" not in detail and "CONSTANT ROW" not in detail  # the request's own values

    # -- PostgreSQL ---------------------------------------------------------------------------------

    def _watched(self, method: Callable[..., Awaitable[Any]], many: bool) -> Callable[..., Awaitable[Any]]:
        @wraps(method)
        async def execute(client: AsyncpgDBClient, query: str, values: Any = None) -> Any:
            new = query not in self._faults and query.lstrip().upper().startswith(_PLANNED)
            if new and (values or not many):
                one = list((values[0] if many else values) or ())
                async with client.acquire_connection() as connection:
                    self._faults[query] = await self._of_postgres(connection, query, one)
            return await method(client, query, values)

        return execute

    async def _of_postgres(self, connection: Any, query: str, values: list[Any]) -> list[str]:
        """What is wrong with PostgreSQL's plans: for these values, and for any (as it has for what it is asked often).

        The first is carried out, and undone.
        """
        if not self._leading:
            self._leading = {row["index"]: row["field"] for row in await connection.fetch(_LEADING)}
        highest = max((int(number) for number in re.findall(r"\$(\d+)", query)), default=0)
        nothing = f"({', '.join(['NULL'] * highest)})" if highest else ""
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(_SETTINGS)
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON, ANALYZE, TIMING OFF) {query}", *values)
            for_these = list(_nodes(json.loads(plan)))
            await connection.execute(f"PREPARE watched AS {query}")
            plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE watched{nothing}")
            for_any = list(_nodes(json.loads(plan)))
            await connection.execute("DEALLOCATE watched")
        finally:
            await transaction.rollback()
        rows = sum(_rows_looked_at(node) for node in for_these)
        faults = list(filter(None, map(self._fault_of, [*for_these, *for_any])))
        return [*faults, f"looks at {rows} rows"] if rows > ROWS_MAX * self._allowed else faults

    def _fault_of(self, node: Node) -> str | None:
        """What is wrong with one step of a plan, if something is."""
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] not in self._small:
            return f"scans {node['Relation Name']}"
        index = node.get("Index Name")
        # Entered by another field than its first, an index is read from end to end.
        if index is not None and not re.search(rf"\b{self._leading[index]}\b", node.get("Index Cond", "")):
            return f"goes through {index}"
        return None


# A table of a few thousand rows is not to be scanned for being small: of what is in memory, a page here and there costs
# no more than one after the other.
_SETTINGS = "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL random_page_cost = 1; SET LOCAL jit = off"

# Each index's first field.
_LEADING = """SELECT c.relname AS index, a.attname AS field FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  WHERE c.relnamespace = 'public'::regnamespace"""


def _nodes(plan: Any) -> Iterator[Node]:
    """The steps of a plan."""
    waiting: list[Node] = [each["Plan"] for each in plan]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.get("Plans", ())


def _rows_looked_at(node: Node) -> int:
    if "Index Name" not in node and "Relation Name" not in node:
        return 0
    counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Index Recheck")
    return int(sum(node.get(each, 0) for each in counts) * node["Actual Loops"])


class _Watched(sqlite3.Connection):
    """A connection of which each statement's steps are counted until the next one comes."""

    def __init__(self, watch: Watch, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._watch = watch

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        self._look(sql, parameters)
        return super().execute(sql, parameters)

    def executemany(self, sql: str, parameters: Any, /) -> sqlite3.Cursor:
        rows = list(parameters)
        if rows:
            self._look(sql, rows[0])
        return super().executemany(sql, rows)

    def _look(self, sql: str, values: Any) -> None:
        self.set_progress_handler(None, 1)
        if self._watch.look(self, sql, values):
            self.set_progress_handler(partial(self._watch.step, sql), 1)
