"""Checks bodies and queries with pydantic, and says what is wrong with them in our own way."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from app.errors import FieldError, InvalidFields, InvalidJSON

# What a person mends before the next try; a body of 100,000 wrong fields is not answered with as many errors.
ERRORS_MAX = 100

Checked = TypeVar("Checked")


def parse_json(adapter: TypeAdapter[Checked], body: bytes, tagged: bool = False) -> Checked:
    """The value that a JSON body holds.

    Args:
        tagged: the adapter is a tagged union: the first step of every error's path is the tag, which no client sent.

    Raises:
        InvalidJSON: it is not JSON.
        InvalidFields: fields are missing, unknown, of the wrong type or out of range; every one is named.
    """
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        if problems[0]["type"] == "json_invalid":
            raise InvalidJSON(problems[0]["ctx"]["error"]) from None
        raise InvalidFields([_field_error(problem, tagged) for problem in problems[:ERRORS_MAX]]) from None


def parse_values(adapter: TypeAdapter[Checked], values: dict[str, Any]) -> Checked:
    """The value that named texts hold, as those of a query.

    Raises:
        InvalidFields: as for `parse_json`.
    """
    try:
        return adapter.validate_strings(values)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidFields([_field_error(problem) for problem in problems[:ERRORS_MAX]]) from None


def _field_error(problem: ErrorDetails, tagged: bool = False) -> FieldError:
    loc = list(problem["loc"][1:] if tagged else problem["loc"])
    field = problem.get("ctx", {}).get("field")
    message = "is not a field of ours" if problem["type"] == "extra_forbidden" else problem["msg"]
    return FieldError(loc=[*loc, field] if field else loc, msg=message)


def without_nul(text: str) -> str:
    """For text that is stored: PostgreSQL has no U+0000."""
    if "\x00" in text:
        raise PydanticCustomError("nul", "must not contain the character U+0000, which can't be stored")
    return text


def wrong_field(kind: str, field: str, message: str, **values: Any) -> PydanticCustomError:
    """An error of a whole model that is the fault of one field."""
    return PydanticCustomError(kind, message, values | {"field": field})
