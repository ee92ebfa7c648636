"""Positions: what browsers and Redis write, and the integers whose order is the order of the log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import position
from tests.support.properties import PROPERTY

positions = st.integers(0, position.POSITION_MAX)


@PROPERTY
@given(positions)
def test_a_position_survives_being_written_and_read(value: int) -> None:
    assert position.parse(position.show(value)) == value


@PROPERTY
@given(st.integers(0, (1 << 43) - 1), st.integers(0, position.SEQUENCE_MAX))
def test_it_is_written_as_redis_writes_it(milliseconds: int, sequence: int) -> None:
    value = position.parse(f"{milliseconds}-{sequence}")
    assert value is not None
    assert position.show(value) == f"{milliseconds}-{sequence}"
    assert position.to_ms(value) == milliseconds


@PROPERTY
@given(positions, positions)
def test_the_order_of_the_numbers_is_the_order_of_the_log(one: int, other: int) -> None:
    def in_redis(value: int) -> list[int]:
        return [int(part) for part in position.show(value).split("-")]

    assert (one < other) == (in_redis(one) < in_redis(other))


def test_a_millisecond_begins_with_its_first_position() -> None:
    begin = position.from_ms(1_700_000_000_000)
    assert position.show(begin) == "1700000000000-0"
    assert position.to_ms(begin - 1) == 1_699_999_999_999


def test_the_last_position_fits_a_signed_64_bit_integer() -> None:
    last = position.parse("8796093022207-1048575")
    assert last == position.POSITION_MAX == 2**63 - 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1",
        "1-",
        "-1",
        "1-2-3",
        "1--2",
        "+1-2",
        " 1-2",
        "1-2 ",
        "1-2\n",
        "1_0-2",
        "0x1-2",
        "1.0-2",
        "1e3-2",
        "\u0661-\u0662",
        "1\u20112",
        "earliest",
        "$",
        "1-2\0",
        "1-1048576",
        "1-00000000",
        "8796093022208-0",
        "9999999999999-0",
        "99999999999999-0",
        "9" * 100_000 + "-0",
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_no_position_is_told_from_one(text: str) -> None:
    assert position.parse(text) is None
