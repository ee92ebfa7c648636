"""What can go wrong, by name.

    GetnotifiedError
    ├── ConfigurationError            the service can't start with these settings
    ├── LogUnavailable                Redis can't be reached or is not ready
    ├── HistoryUnsettled              rows that were carried do not hold their positions yet
    └── Refusal                       a request that is refused: an HTTP status, a stable code, a way to mend it
        ├── InvalidJSON        400
        ├── TokenMissing       401
        ├── TokenInvalid       401
        ├── TokenExpired       401
        ├── RoleUnknown        403
        ├── RoleNotAllowed     403
        ├── TopicNotAllowed    403
        ├── NotYours           403
        ├── NotFound           404
        ├── MethodNotAllowed   405
        ├── BodyTimeout        408
        ├── IdempotencyKeyReused 409
        ├── OrderEventReused   409
        ├── BodyTooLarge       413
        ├── InvalidFields      422
        ├── InternalError      500    a bug: logged, and not told to the client
        ├── DatabaseUnavailable  503
        └── HTTPProblem               whatever else the framework refuses

A refusal is answered as `application/problem+json` (RFC 9457).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict


class GetnotifiedError(Exception):
    """The root of the tree."""


class ConfigurationError(GetnotifiedError):
    """The service can't start as it is set up; the text says what to change."""


class LogUnavailable(GetnotifiedError):
    """The log could not be reached; what was to be carried stays in the outbox."""


class HistoryUnsettled(GetnotifiedError):
    """Replay can't be complete yet: rows that were carried wait for the relay to write down their positions."""


class FieldError(TypedDict):
    """One bad field: where it stands (`["notifications", 3, "title_text"]`) and what is wrong with it."""

    loc: Sequence[str | int]
    msg: str


class Refusal(GetnotifiedError):
    """A request that is refused."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]

    @property
    def headers(self) -> Mapping[str, str]:
        return {}

    def problem(self) -> dict[str, Any]:
        """The members of the problem document (RFC 9457 § 3.1), with `code` beside them."""
        return {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": str(self),
        }


class InvalidJSON(Refusal):
    status, code, title = 400, "invalid_json", "The body is not JSON"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The body is not valid JSON: {reason}.")


class Unauthenticated(Refusal):
    status = 401

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}  # RFC 9110 § 11.6.1: a 401 must carry one


class TokenMissing(Unauthenticated):
    code, title = "token_missing", "A token is needed"

    def __init__(self) -> None:
        super().__init__("Send a token: Authorization: Bearer, the cookie of POST /session, or ?token= on /stream.")


class TokenInvalid(Unauthenticated):
    code, title = "token_invalid", "The token is not valid"

    def __init__(self, reason: str) -> None:
        super().__init__(f"The token is not one of ours: {reason}.")


class TokenExpired(Unauthenticated):
    code, title = "token_expired", "The token has expired"

    def __init__(self) -> None:
        super().__init__("The token has expired. Get a new one and sign in again.")


class RoleUnknown(Refusal):
    status, code, title = 403, "role_unknown", "The token's role is unknown"

    def __init__(self, role: object) -> None:
        super().__init__(f"The token's role is {role!r}; it can be customer, sender or ops.")


class RoleNotAllowed(Refusal):
    status, code, title = 403, "role_not_allowed", "The token's role may not do this"

    def __init__(self, role: str, allowed: Sequence[str]) -> None:
        super().__init__(f"A token of role {role} may not do this; {' or '.join(allowed)} may.")


class TopicNotAllowed(Refusal):
    status, code, title = 403, "topic_not_allowed", "The token does not cover this topic"

    def __init__(self, topic: str, loc: Sequence[str | int] | None = None) -> None:
        super().__init__(f"The token does not cover the topic {topic}.")
        self.loc = loc

    def problem(self) -> dict[str, Any]:
        problem = super().problem()
        if self.loc is not None:
            problem["errors"] = [FieldError(loc=self.loc, msg=str(self))]
        return problem


class NotYours(Refusal):
    status, code, title = 403, "not_yours", "Another sender sent it"

    def __init__(self, uid: str) -> None:
        super().__init__(f"The notification {uid} was sent by another sender.")


class NotFound(Refusal):
    status, code, title = 404, "not_found", "There is nothing here"

    def __init__(self, what: str) -> None:
        super().__init__(f"There is no {what}.")


class MethodNotAllowed(Refusal):
    status, code, title = 405, "method_not_allowed", "This path does not know that method"

    def __init__(self, method: str, allowed: Sequence[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"{method} is not possible here; {self.allowed} is.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Allow": self.allowed}


class BodyTimeout(Refusal):
    status, code, title = 408, "body_timeout", "The body did not come"

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The body did not end within {seconds:g} s.")


class IdempotencyKeyReused(Refusal):
    status, code, title = 409, "idempotency_key_reused", "The Idempotency-Key belongs to another request"

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used with another body. Use a new key for a new request.")


class OrderEventReused(Refusal):
    status, code, title = 409, "order_event_reused", "The order event was reported before, with other content"

    def __init__(self, key: str, loc: Sequence[str | int]) -> None:
        super().__init__(
            f"{key} (order, event, sequence) was reported with other content. Give the next one a sequence of its own."
        )
        self.loc = loc

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"errors": [FieldError(loc=self.loc, msg=str(self))]}


class BodyTooLarge(Refusal):
    status, code, title = 413, "body_too_large", "The body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"A body may have up to {limit_bytes:,} bytes. Send fewer notifications at a time.")


class InvalidFields(Refusal):
    status, code, title = 422, "invalid_fields", "Some fields are not valid"

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = errors
        first = errors[0]
        where = ".".join(str(step) for step in first["loc"]) or "body"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        super().__init__(f"{where}: {first['msg']}{more}")

    def problem(self) -> dict[str, Any]:
        return super().problem() | {"errors": list(self.errors)}


class InternalError(Refusal):
    status, code, title = 500, "internal_error", "Something is broken"

    def __init__(self) -> None:
        super().__init__("The error is ours and has been logged.")


class DatabaseUnavailable(Refusal):
    status, code, title = 503, "database_unavailable", "The database can't be reached"

    retry_after_seconds = 2

    def __init__(self) -> None:
        super().__init__("It is not known to be stored. Send it again with the same Idempotency-Key: it counts once.")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.retry_after_seconds)}


class HTTPProblem(Refusal):
    code = "http_error"

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status  # type: ignore[misc]  # the framework's, so known only now
        self.title = title  # type: ignore[misc]
