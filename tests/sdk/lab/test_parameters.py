"""Values set by hand: what is out of range is named in one sentence."""

from __future__ import annotations

from math import inf, nan

import pytest

from app.sdk.errors import BadParameter
from app.sdk.lab.parameters import require_number, require_whole, require_wholes


@pytest.mark.parametrize("value", [0.5, 1, 60])
def test_a_number_in_range_is_fine(value: float) -> None:
    require_number("seconds", value, 0.5, 60)


@pytest.mark.parametrize("value", [0.4, 61, -1, nan, inf, "1", None, True])
def test_a_number_out_of_range_is_refused_with_its_range(value: object) -> None:
    with pytest.raises(BadParameter, match=r"seconds=.* must be a number from 0\.5 to 60\."):
        require_number("seconds", value, 0.5, 60)


@pytest.mark.parametrize("value", [0, 100_001, 1.0, "1", None, True])
def test_what_is_no_whole_number_in_range_is_refused_with_its_range(value: object) -> None:
    with pytest.raises(BadParameter, match=r"day=.* must be a whole number from 1 to 100,000\."):
        require_whole("day", value, 1, 100_000)


def test_a_whole_number_in_range_is_fine() -> None:
    require_whole("day", 1, 1, 100_000)


def test_a_list_of_numbers_in_range_is_fine() -> None:
    require_wholes("counts", [1, 50], 1, 50)


@pytest.mark.parametrize("values", [50, [], "50", None, list(range(1, 14))])
def test_what_is_no_list_of_a_sensible_length_is_refused(values: object) -> None:
    with pytest.raises(BadParameter, match=r"counts=.* must be a list of 1 to 12 whole numbers, such as \[50, 200\]\."):
        require_wholes("counts", values, 1, 50)


@pytest.mark.parametrize("value", [0, 51, 1.5, True, None])
def test_a_value_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(BadParameter, match=r"counts=.* must be a whole number from 1 to 50\."):
        require_wholes("counts", [1, value], 1, 50)


def test_it_may_have_to_be_longer() -> None:
    with pytest.raises(BadParameter, match="a list of 3 to 12"):
        require_wholes("counts", [1, 2], 1, 50, length_min=3)
