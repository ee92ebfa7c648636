"""Validation: bodies and queries, and what is said of bad ones."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from app.errors import InvalidFields, InvalidJSON
from app.validation import parse_json, parse_values, without_nul, wrong_field


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    name: Annotated[str, AfterValidator(without_nul)] = ""
    count: int = Field(0, ge=0)

    @model_validator(mode="after")
    def _both(self) -> Body:
        if self.count > 100:
            raise wrong_field("both", "count", "must be up to {limit}", limit=100)
        return self


class Query(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unread: bool = False
    limit: Annotated[int, Field(le=200)] = 50


BODY: TypeAdapter[Body] = TypeAdapter(Body)
BODIES: TypeAdapter[list[Body]] = TypeAdapter(list[Body])
QUERY: TypeAdapter[Query] = TypeAdapter(Query)


def refused(adapter: TypeAdapter[Any], body: bytes) -> list[Any]:
    with pytest.raises(InvalidFields) as refusal:
        parse_json(adapter, body)
    return list(refusal.value.errors)


def test_a_good_body_is_taken() -> None:
    assert parse_json(BODY, b'{"name": "x", "count": 3}') == Body(name="x", count=3)


@pytest.mark.parametrize("body", [b"", b"{", b"{'name': 1}", b'{"name": "\xff"}', b"nul", b"{}{}", b"\xef\xbb\xbf{}"])
def test_what_is_not_json_is_told_from_wrong_fields(body: bytes) -> None:
    with pytest.raises(InvalidJSON) as refusal:
        parse_json(BODY, body)
    assert str(refusal.value).startswith("The body is not valid JSON: ")


def test_every_bad_field_is_named_with_its_place() -> None:
    errors = refused(BODIES, b'[{}, {"name": 5, "count": -1, "colour": "red"}]')
    assert [error["loc"] for error in errors] == [[1, "name"], [1, "count"], [1, "colour"]]
    assert errors[2]["msg"] == "is not a field of ours"


def test_an_error_of_the_whole_that_is_one_fields_fault_names_that_field() -> None:
    assert refused(BODIES, b'[{"count": 101}]') == [{"loc": [0, "count"], "msg": "must be up to 100"}]


def test_a_character_that_can_not_be_stored_is_refused() -> None:
    (error,) = refused(BODY, b'{"name": "a\\u0000b"}')
    assert error == {"loc": ["name"], "msg": "must not contain the character U+0000, which can't be stored"}


def test_what_was_sent_is_not_repeated_in_the_error() -> None:
    (error,) = refused(BODY, b'{"name": ["secret"]}')
    assert "secret" not in str(error)


def test_a_query_is_checked_as_text() -> None:
    assert parse_values(QUERY, {"unread": "true", "limit": "7"}) == Query(unread=True, limit=7)
    with pytest.raises(InvalidFields) as refusal:
        parse_values(QUERY, {"unread": "perhaps", "limit": "201", "page": "2"})
    assert [error["loc"] for error in refusal.value.errors] == [["unread"], ["limit"], ["page"]]
