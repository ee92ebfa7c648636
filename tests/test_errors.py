"""Errors: every sentence that a client or an operator may read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app import errors
from app.errors import FieldError, Refusal

FIELDS: list[FieldError] = [
    {"loc": ["notifications", 3, "title_text"], "msg": "Field required"},
    {"loc": ["x"], "msg": "is not a field of ours"},
]

# A refusal; its status, code, and sentence.
REFUSALS: list[tuple[Refusal, int, str, str]] = [
    (
        errors.InvalidJSON("EOF while parsing a value at line 1 column 0"),
        400,
        "invalid_json",
        "The body is not valid JSON: EOF while parsing a value at line 1 column 0.",
    ),
    (
        errors.TokenMissing(),
        401,
        "token_missing",
        "Send a token: Authorization: Bearer, the cookie of POST /session, or ?token= on /stream.",
    ),
    (
        errors.TokenInvalid("Signature verification failed"),
        401,
        "token_invalid",
        "The token is not one of ours: Signature verification failed.",
    ),
    (
        errors.TokenExpired(),
        401,
        "token_expired",
        "The token has expired. Get a new one and sign in again.",
    ),
    (
        errors.RoleUnknown("boss"),
        403,
        "role_unknown",
        "The token's role is 'boss'; it can be customer, sender or ops.",
    ),
    (
        errors.RoleNotAllowed("customer", ["sender", "ops"]),
        403,
        "role_not_allowed",
        "A token of role customer may not do this; sender or ops may.",
    ),
    (
        errors.TopicNotAllowed("order:1001"),
        403,
        "topic_not_allowed",
        "The token does not cover the topic order:1001.",
    ),
    (
        errors.NotYours("018f0000-0000-7000-8000-000000000000"),
        403,
        "not_yours",
        "The notification 018f0000-0000-7000-8000-000000000000 was sent by another sender.",
    ),
    (errors.NotFound("customer 7"), 404, "not_found", "There is no customer 7."),
    (
        errors.MethodNotAllowed("PATCH", ["PUT", "GET"]),
        405,
        "method_not_allowed",
        "PATCH is not possible here; GET, PUT is.",
    ),
    (errors.BodyTimeout(60.0), 408, "body_timeout", "The body did not end within 60 s."),
    (
        errors.IdempotencyKeyReused("k 1"),
        409,
        "idempotency_key_reused",
        "The Idempotency-Key 'k 1' was used with another body. Use a new key for a new request.",
    ),
    (
        errors.OrderEventReused("1001/order.ready/0", ["events", 2, "sequence"]),
        409,
        "order_event_reused",
        (
            "1001/order.ready/0 (order, event, sequence) was reported with other content. "
            "Give the next one a sequence of its own."
        ),
    ),
    (
        errors.BodyTooLarge(1048576),
        413,
        "body_too_large",
        "A body may have up to 1,048,576 bytes. Send fewer notifications at a time.",
    ),
    (
        errors.InvalidFields(FIELDS),
        422,
        "invalid_fields",
        "notifications.3.title_text: Field required (and 1 more)",
    ),
    (errors.InternalError(), 500, "internal_error", "The error is ours and has been logged."),
    (
        errors.DatabaseUnavailable(),
        503,
        "database_unavailable",
        "It is not known to be stored. Send it again with the same Idempotency-Key: it counts once.",
    ),
    (errors.HTTPProblem(415, "Unsupported Media Type", "Send JSON."), 415, "http_error", "Send JSON."),
]


def leaves(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    kinds = kind.__subclasses__()
    if not kinds:
        yield kind
    for each in kinds:
        yield from leaves(each)


def by_class(case: object) -> str | None:
    return type(case).__name__ if isinstance(case, Refusal) else None


def test_no_refusal_is_left_out_here() -> None:
    assert {type(refusal) for refusal, *_ in REFUSALS} == set(leaves(Refusal))


@pytest.mark.parametrize(("refusal", "status", "code", "sentence"), REFUSALS, ids=by_class)
def test_a_refusal_says_what_is_the_case_under_a_stable_code(
    refusal: Refusal, status: int, code: str, sentence: str
) -> None:
    problem = refusal.problem()
    assert problem["detail"] == str(refusal) == sentence
    assert problem["status"] == refusal.status == status
    assert problem["code"] == code
    assert problem["type"] == "about:blank"
    assert problem["title"] == refusal.title


def test_every_code_and_every_title_is_of_one_refusal_alone() -> None:
    assert len({refusal.code for refusal, *_ in REFUSALS}) == len(REFUSALS)
    assert len({refusal.title for refusal, *_ in REFUSALS}) == len(REFUSALS)


def test_all_are_of_one_tree() -> None:
    for kind in (Refusal, errors.ConfigurationError, errors.HistoryUnsettled, errors.LogUnavailable):
        assert issubclass(kind, errors.GetnotifiedError)


@pytest.mark.parametrize("refusal", [each for each, status, *_ in REFUSALS if status == 401], ids=by_class)
def test_who_is_not_known_is_told_how_to_say_it(refusal: Refusal) -> None:
    assert refusal.headers == {"WWW-Authenticate": "Bearer"}  # RFC 9110 § 11.6.1


def test_a_wrong_method_is_answered_with_those_that_are_possible() -> None:
    assert errors.MethodNotAllowed("PATCH", ["PUT", "GET"]).headers == {"Allow": "GET, PUT"}  # RFC 9110 § 15.5.6


def test_a_database_that_is_away_is_answered_with_when_to_come_back() -> None:
    assert errors.DatabaseUnavailable().headers == {"Retry-After": "2"}


def test_every_bad_field_is_named_in_the_problem() -> None:
    assert errors.InvalidFields(FIELDS).problem()["errors"] == FIELDS


def test_a_body_that_is_wrong_as_a_whole_is_called_body() -> None:
    assert str(errors.InvalidFields([{"loc": [], "msg": "Input should be an object"}])) == (
        "body: Input should be an object"
    )


def test_a_topic_that_is_not_covered_is_named_where_it_stands_in_the_body() -> None:
    refusal = errors.TopicNotAllowed("order:1001", ["notifications", 0, "topic"])
    assert refusal.problem()["errors"] == [{"loc": ["notifications", 0, "topic"], "msg": str(refusal)}]
    assert "errors" not in errors.TopicNotAllowed("order:1001").problem()


def test_an_order_event_that_says_something_else_is_named_where_it_stands_in_the_body() -> None:
    refusal = errors.OrderEventReused("1001/order.ready/0", ["events", 2, "sequence"])
    assert refusal.problem()["errors"] == [{"loc": ["events", 2, "sequence"], "msg": str(refusal)}]
