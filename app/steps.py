"""Steps: a transaction, or a part of one, as the statements that it yields. No I/O: `app.database` performs them.

On PostgreSQL each statement is a round trip. There those of which none needs another one are joined into one statement,
and a transaction of a single statement needs no BEGIN and no COMMIT: a group commit is one round trip.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar, cast

import orjson

Rows = Sequence[Mapping[str, Any]]
Result = TypeVar("Result")


class Statement(NamedTuple):
    """A statement of SQL and its parameters.

    Attributes:
        expected: the rows that it gives unless something rare has happened; what comes next needs nothing of it but
            these, so that both may be done at once. Any others are fewer or more. None: there is nothing to expect.
    """

    sql: str
    values: Sequence[Any] = ()
    expected: Rows | None = None


# Yields statements, is given the `Rows` of each, and returns what came of them all. It may yield several at once, of
# which none needs what another one does, and is given a list of the rows of each.
Steps = Generator[Statement | list[Statement], Any, Result]


def together(*parts: Steps[Any]) -> Steps[list[Any]]:
    """Parts of a transaction of which none needs what another one does; returns what came of each.

    What PostgreSQL finds for several at once comes as JSON has it: bytes (`\\x0a`) and times are text.
    """
    ended: dict[Steps[Any], Any] = {}
    given: dict[Steps[Any], Rows | None] = dict.fromkeys(parts)
    while given:
        asked: dict[Steps[Any], Statement] = {}
        for part, found in given.items():
            try:
                asked[part] = cast("Statement", part.send(found))  # None begins it
            except StopIteration as end:
                ended[part] = end.value
        given = dict(zip(asked, (yield list(asked.values())), strict=True)) if asked else {}
    return [ended[part] for part in parts]


class Begun(Generic[Result]):
    """Steps on their way.

    Attributes:
        asked: the statements that come next; none: the steps have ended.
        result: what they returned.
    """

    result: Result

    def __init__(self, steps: Steps[Result]) -> None:
        self._steps = steps
        self._send(None)

    def go_on(self, found: Sequence[Rows]) -> None:
        """Takes the rows of each of these statements."""
        self._send(found if self._several else found[0])

    def _send(self, found: Any) -> None:
        self.asked: list[Statement] = []
        try:
            asked = self._steps.send(found)
        except StopIteration as end:
            self.result = end.value
        else:
            self._several = isinstance(asked, list)
            self.asked = asked if isinstance(asked, list) else [asked]


class Round(NamedTuple):
    """A visit to PostgreSQL.

    Attributes:
        is_last: nothing comes after it.
    """

    statement: Statement
    is_last: bool


def rounds(steps: Steps[Result], expecting: bool) -> Generator[Round, Rows, Result]:
    """The same steps in as few statements as they take.

    Args:
        expecting: takes for given what is expected. A statement fails if it then gives other rows.
    """
    begun = Begun(steps)
    while begun.asked:
        expected: list[Statement] = []
        while expecting and begun.asked and all(each.expected is not None for each in begun.asked):
            expected += begun.asked
            begun.go_on([each.expected or () for each in begun.asked])
        asked = begun.asked
        statement = _joined(expected, asked)
        if any(_gives_rows(each.sql) for each in asked):
            found = yield Round(statement, False)
            begun.go_on([found] if statement is asked[0] else _apart(found, len(asked)))
        else:
            if asked:
                begun.go_on([()] * len(asked))
            yield Round(statement, not begun.asked)
    return begun.result


def _joined(expected: Sequence[Statement], asked: Sequence[Statement]) -> Statement:
    """Statements as one, which fails if those of which rows are expected give others."""
    if not expected and len(asked) == 1:
        return asked[0]
    every = [*expected, *asked]
    sql = _joined_sql(tuple((each.sql, len(each.values)) for each in every), len(expected))
    return Statement(
        sql, [*(value for each in every for value in each.values), *(len(each.expected or ()) for each in expected)]
    )


@lru_cache(256)
def _joined_sql(statements: tuple[tuple[str, int], ...], expected: int) -> str:
    """Statements, each with how many parameters it has, as one. It gives their rows as JSON.

    Those of the first `expected` it counts instead: how many there must be are parameters after all others.
    """
    parts: list[str] = []
    rows: list[str] = []
    first, counts = 0, sum(count for _, count in statements)
    for at, (sql, count) in enumerate(statements):
        pieces = re.split(r"\$(\d+)", sql)
        pieces[1::2] = [f"${int(number) + first}" for number in pieces[1::2]]
        parts.append(f"part_{at} AS ({''.join(pieces)})")
        first += count
        if at < expected:
            # No boolean, so that all of it fails. Who finds that in PostgreSQL's log is to know what it is.
            right = f"CASE count(*) WHEN ${counts + at + 1} THEN 'no' ELSE 'rare: done again, in more steps' END"
            rows.append(f"SELECT {at} AS part, NULL AS found FROM part_{at} HAVING ({right})::boolean")
        elif _gives_rows(sql):
            rows.append(f"SELECT {at - expected} AS part, to_jsonb(part_{at})::text AS found FROM part_{at}")
    return f"WITH {', '.join(parts)} {' UNION ALL '.join(rows) or 'SELECT WHERE FALSE'}"


def _apart(found: Rows, count: int) -> list[Rows]:
    """The rows of each of several statements that were joined."""
    apart: list[list[Any]] = [[] for _ in range(count)]
    for row in found:
        apart[row["part"]].append(orjson.loads(row["found"]))
    return list(apart)


def _gives_rows(sql: str) -> bool:
    return sql.startswith("SELECT") or "RETURNING" in sql
