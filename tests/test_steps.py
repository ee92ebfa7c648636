"""Steps: which statements go to PostgreSQL together, and what is asked of it only if need be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from app.steps import Round, Rows, Statement, Steps, rounds, together

FIRST = Statement("INSERT INTO a SELECT $1 RETURNING id", ["a"], expected=[{"id": 1}])
OTHER = Statement("INSERT INTO b SELECT $1, $2 RETURNING id", ["b", "c"], expected=[{"id": 2}, {"id": 3}])
SILENT = Statement("UPDATE c SET d = $1", ["d"])
TELLING = Statement("SELECT e FROM f WHERE g = $1", ["g"])


def one_after_the_other(*statements: Statement) -> Steps[list[Rows]]:
    found: list[Rows] = []
    for each in statements:
        rows = yield each
        found.append(rows)
    return found


def gone(steps: Steps[Any], *found: Sequence[Mapping[str, Any]], expecting: bool = True) -> tuple[list[Round], Any]:
    """The rounds that steps take, each given its rows; and what comes of them."""
    going = rounds(steps, expecting)
    taken: list[Round] = []
    rows: Any = None
    try:
        for rows_of_next in (*found, ()):
            taken.append(going.send(rows))
            rows = rows_of_next
        going.send(rows)
    except StopIteration as end:
        return taken, end.value
    raise AssertionError(taken)


def part(at: int, row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"part": at, "found": orjson.dumps(row)}


def test_a_single_statement_is_a_transaction() -> None:
    assert gone(one_after_the_other(SILENT)) == ([Round(SILENT, True)], [()])


def test_one_whose_rows_decide_what_comes_next_may_not_be_the_last() -> None:
    row = {"e": 1}
    assert gone(one_after_the_other(TELLING), [row]) == ([Round(TELLING, False)], [[row]])
    taken, found = gone(one_after_the_other(TELLING, SILENT), [row])
    assert taken == [Round(TELLING, False), Round(SILENT, True)]
    assert found == [[row], ()]


def test_each_waits_for_what_is_done_before_it() -> None:
    taken, _ = gone(one_after_the_other(SILENT, SILENT), [])
    assert taken == [Round(SILENT, False), Round(SILENT, True)]


def test_what_need_not_wait_is_one_statement() -> None:
    [[statement, is_last]], found = gone(together(one_after_the_other(SILENT), one_after_the_other(SILENT)))
    assert is_last
    assert statement.sql == ("WITH part_0 AS (UPDATE c SET d = $1), part_1 AS (UPDATE c SET d = $2) SELECT WHERE FALSE")
    assert statement.values == ["d", "d"]
    assert found == [[()], [()]]


def test_each_is_given_its_own_rows() -> None:
    steps = together(one_after_the_other(TELLING), one_after_the_other(SILENT), one_after_the_other(TELLING))
    taken, found = gone(steps, [part(0, {"e": 1}), part(2, {"e": 2}), part(0, {"e": 3})])
    assert [each.is_last for each in taken] == [False]
    assert found == [[[{"e": 1}, {"e": 3}]], [[]], [[{"e": 2}]]]


def test_what_is_expected_is_counted_and_what_comes_next_is_done_with_it() -> None:
    steps = one_after_the_other(FIRST, OTHER, SILENT)
    [[statement, is_last]], found = gone(steps)
    assert is_last
    assert statement.values == ["a", "b", "c", "d", 1, 2]
    assert "part_1 AS (INSERT INTO b SELECT $2, $3 RETURNING id)" in statement.sql
    assert "FROM part_0 HAVING (CASE count(*) WHEN $5 " in statement.sql
    assert "FROM part_1 HAVING (CASE count(*) WHEN $6 " in statement.sql
    assert found == [FIRST.expected, OTHER.expected, ()]


def test_what_is_expected_at_the_end_is_counted_too() -> None:
    steps = together(one_after_the_other(FIRST), one_after_the_other(OTHER))
    [[statement, is_last]], found = gone(steps)
    assert is_last
    assert statement.values == ["a", "b", "c", 1, 2]
    assert found == [[FIRST.expected], [OTHER.expected]]


def test_where_nothing_is_taken_for_given_all_rows_are_waited_for() -> None:
    steps = together(one_after_the_other(FIRST, SILENT), one_after_the_other(OTHER))
    taken, found = gone(steps, [part(1, {"id": 2})], expecting=False)
    assert [each.is_last for each in taken] == [False, True]
    assert taken[0].statement.values == ["a", "b", "c"]
    assert taken[1].statement == SILENT
    assert found == [[[], ()], [[{"id": 2}]]]


def test_what_is_found_beside_what_is_expected_is_not_taken_for_it() -> None:
    taken, found = gone(one_after_the_other(FIRST, TELLING, SILENT), [part(0, {"e": 1})])
    assert [each.is_last for each in taken] == [False, True]
    assert found == [FIRST.expected, [{"e": 1}], ()]


def test_nothing_together_is_nothing() -> None:
    assert gone(together()) == ([], [])
