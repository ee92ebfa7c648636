"""Who is asking: tokens (JWT, RFC 7519, HS256), and what their bearers may do."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Literal, get_args

import jwt

from app.channel import ORDER, order_id
from app.errors import RoleNotAllowed, RoleUnknown, TokenExpired, TokenInvalid, TokenMissing

Role = Literal["customer", "sender", "ops"]
ROLES: tuple[Role, ...] = get_args(Role)

COOKIE = "getnotified"
ALGORITHM = "HS256"
DEFAULT_TOKEN_DAYS = 30
# Verified tokens remembered, about 400 bytes each: a reconnecting browser's is not verified again.
REMEMBERED_MAX = 20_000

CUSTOMER_ID_MAX = (1 << 63) - 1  # the database's

EXPIRES_AT_MAX = 253_402_300_799  # the last second of the year 9999, which RFC 3339 can write

_CUSTOMER = re.compile(r"customer:(0|[1-9][0-9]{0,18})", re.ASCII)  # one number, one name
_NAMED = re.compile(r"(?:sender|ops):[A-Za-z0-9._@-]{1,100}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a verified token says.

    Attributes:
        subject: `customer:42`, `sender:shop` or `ops:analyst`.
        role: `customer`, `sender` or `ops`.
        topics: patterns that bound the topics that may be subscribed to or sent to; None: not bounded.
        expires_at: Unix time in seconds; None: never.
    """

    subject: str
    role: Role
    topics: tuple[str, ...] | None
    expires_at: float | None

    @property
    def customer_id(self) -> int:
        """The customer's number. Only for the role `customer`."""
        return int(self.subject.partition(":")[2])

    def require(self, *allowed: Role) -> Identity:
        """This identity, if its role is one of those allowed.

        Raises:
            RoleNotAllowed: it is not.
        """
        if self.role not in allowed:
            raise RoleNotAllowed(self.role, allowed)
        return self

    def allows(self, topic: str) -> bool:
        """Whether the token's bounds leave a topic open to its bearer. Without patterns they leave every topic."""
        return self.topics is None or any(fnmatchcase(topic, pattern) for pattern in self.topics)

    def covers(self, topic: str) -> bool:
        """Whether the token alone lets its bearer listen to (a customer) or send to (a sender) a topic.

        To customers an order's topic, `order:1001`, is open only by a pattern that names orders, such as `order:*`; the
        order's members hear it without (`allows`), because they are subscribed to it.
        """
        if self.role == "sender" or order_id(topic) is None:
            return self.allows(topic)
        return any(pattern.startswith(ORDER) and fnmatchcase(topic, pattern) for pattern in self.topics or ())


class Tokens:
    """Signs and verifies tokens with one secret."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._verified: OrderedDict[bytes, Identity] = OrderedDict()  # by digest: shorter than a token, and no secret

    def sign(self, subject: str, role: Role, topics: list[str] | None = None, days: float = DEFAULT_TOKEN_DAYS) -> str:
        claims: dict[str, object] = {"sub": subject, "role": role, "exp": int(time.time() + days * 86400)}
        if topics is not None:
            claims["topics"] = topics
        return jwt.encode(claims, self._secret_key, ALGORITHM)

    @staticmethod
    def can_name(subject: str) -> bool:
        """Whether a token of a sender or an operator can have this subject."""
        return _NAMED.fullmatch(subject) is not None

    def verify(self, token: str | None) -> Identity:
        """Who the bearer of a token is.

        Raises:
            TokenMissing: there is none.
            TokenExpired: its time is over.
            TokenInvalid: it was not signed by us, or its claims are not of our form.
            RoleUnknown: its role is none of ours.
        """
        if not token:
            raise TokenMissing
        digest = sha256(token.encode()).digest()
        identity = self._verified.get(digest)
        if identity is None:
            identity = self._verified[digest] = self._decode(token)
            if len(self._verified) > REMEMBERED_MAX:
                self._verified.popitem(last=False)
        if identity.expires_at is not None and identity.expires_at <= time.time():
            raise TokenExpired
        return identity

    def _decode(self, token: str) -> Identity:
        try:
            claims = jwt.decode(token, self._secret_key, algorithms=[ALGORITHM], options={"require": ["sub"]})
        except jwt.ExpiredSignatureError:
            raise TokenExpired from None
        except jwt.InvalidTokenError as error:
            raise TokenInvalid(str(error)) from None
        role = claims.get("role")
        if role not in ROLES:
            raise RoleUnknown(role)
        subject = claims["sub"]
        if role == "customer" and _CUSTOMER.fullmatch(subject) and int(subject.partition(":")[2]) > CUSTOMER_ID_MAX:
            raise TokenInvalid(f"the subject {subject!r} is over {CUSTOMER_ID_MAX}")
        if not (_CUSTOMER if role == "customer" else _NAMED).fullmatch(subject) or not subject.startswith(f"{role}:"):
            raise TokenInvalid(f"the subject {subject!r} is not that of a {role}")
        expires_at = claims.get("exp")
        if expires_at is not None and (isinstance(expires_at, bool) or not isinstance(expires_at, int | float)):
            raise TokenInvalid("the claim exp is not a number")
        if expires_at is not None and expires_at > EXPIRES_AT_MAX:
            raise TokenInvalid("the claim exp is beyond the year 9999")
        topics = claims.get("topics")
        if topics is not None and not (isinstance(topics, list) and all(isinstance(each, str) for each in topics)):
            raise TokenInvalid("the claim topics is not a list of patterns")
        return Identity(subject, ROLES[ROLES.index(role)], None if topics is None else tuple(topics), expires_at)


def find_token(authorization: str | None, cookie: str | None, query: str | None = None) -> str | None:
    """The token of a request: of the `Authorization` header, else of `?token=`, else of the `Cookie` header."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        # RFC 9110 § 11.1: the scheme's case does not matter.
        return token.strip() if scheme.lower() == "bearer" else None
    if query:
        return query
    # Split by hand: http.cookies gives up on all of them when another one on this host is not to its taste.
    for pair in (cookie or "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return None
