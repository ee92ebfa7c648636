"""Tokens: who is asking, and what they may do."""

from __future__ import annotations

import json
import time
from typing import Any

import jwt
import pytest

from app import auth
from app.auth import Identity, Tokens, find_token
from app.errors import RoleNotAllowed, RoleUnknown, TokenExpired, TokenInvalid, TokenMissing

KEY = "a key of thirty-two bytes or more"
CLAIMS: dict[str, Any] = {"sub": "customer:42", "role": "customer"}
CUSTOMER = Identity("customer:42", "customer", None, None)


def signed(claims: dict[str, Any], key: str = KEY, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(KEY)


class TestSign:
    def test_what_was_signed_is_verified(self, tokens: Tokens) -> None:
        before = int(time.time())
        identity = tokens.verify(tokens.sign("customer:42", "customer", ["order.*"], days=2))
        assert (identity.subject, identity.role, identity.topics) == ("customer:42", "customer", ("order.*",))
        assert identity.customer_id == 42
        assert identity.expires_at is not None
        assert before + 2 * 86400 <= identity.expires_at <= time.time() + 2 * 86400

    def test_a_token_without_topics_is_not_bounded_and_one_with_none_covers_nothing(self, tokens: Tokens) -> None:
        assert tokens.verify(tokens.sign("customer:42", "customer")).topics is None
        bounded = tokens.verify(tokens.sign("customer:42", "customer", []))
        assert bounded.topics == ()
        assert not bounded.covers("news")


class TestVerify:
    def test_no_token_is_told_from_a_bad_one(self, tokens: Tokens) -> None:
        for missing in (None, ""):
            with pytest.raises(TokenMissing):
                tokens.verify(missing)

    @pytest.mark.parametrize(
        "token",
        ["x", "a.b.c", "\u00e9", "." * 10_000, signed(CLAIMS, "another key of thirty-two bytes or more")],
        ids=["no segments", "no JSON", "not ASCII", "dots", "another key"],
    )
    def test_what_we_did_not_sign_is_refused(self, tokens: Tokens, token: str) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(token)

    def test_a_token_that_says_it_needs_no_signature_is_refused(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(jwt.encode(CLAIMS, None, "none"))

    def test_another_algorithm_is_refused(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(CLAIMS, KEY * 2, "HS512"))

    def test_a_changed_claim_is_refused(self, tokens: Tokens) -> None:
        _, claims, _ = signed(CLAIMS | {"sub": "customer:43"}).split(".")
        head, _, signature = signed(CLAIMS).split(".")
        with pytest.raises(TokenInvalid, match="Signature verification failed"):
            tokens.verify(f"{head}.{claims}.{signature}")

    @pytest.mark.parametrize(
        ("role", "subject"),
        [
            ("customer", "sender:shop"),
            ("customer", "customer:"),
            ("customer", "customer:-1"),
            ("customer", "customer:1\n"),
            ("customer", "customer:\u0661"),
            ("customer", "customer:" + "1" * 20),
            ("customer", "customer:shop"),
            ("sender", "customer:42"),
            ("sender", "ops:analyst"),
            ("sender", "sender:"),
            ("sender", "sender:my shop"),
            ("sender", "sender:" + "a" * 101),
            ("ops", "sender:shop"),
        ],
    )
    def test_a_subject_that_is_not_of_its_role_is_refused(self, tokens: Tokens, role: str, subject: str) -> None:
        with pytest.raises(TokenInvalid, match="is not that of a"):
            tokens.verify(signed({"sub": subject, "role": role}))

    @pytest.mark.parametrize(
        ("role", "subject"), [("customer", "customer:0"), ("sender", "sender:shop.eu-1@x_y"), ("ops", "ops:analyst")]
    )
    def test_subjects_that_are_of_their_role(self, tokens: Tokens, role: str, subject: str) -> None:
        assert tokens.verify(signed({"sub": subject, "role": role})).subject == subject

    @pytest.mark.parametrize("claims", [{"role": "customer"}, {"sub": 42, "role": "customer"}])
    def test_a_token_without_a_subject_is_refused(self, tokens: Tokens, claims: dict[str, Any]) -> None:
        # Signed by hand: PyJWT would not sign the second.
        with pytest.raises(TokenInvalid):
            tokens.verify(jwt.api_jws.encode(json.dumps(claims).encode(), KEY, "HS256"))

    @pytest.mark.parametrize("role", [None, "boss", "", "Customer", ["customer"], 1])
    def test_an_unknown_role_is_named(self, tokens: Tokens, role: object) -> None:
        with pytest.raises(RoleUnknown) as refusal:
            tokens.verify(signed(CLAIMS | {"role": role}))
        assert repr(role) in str(refusal.value)

    @pytest.mark.parametrize("topics", ["order.*", [1], {"a": 1}, 5])
    def test_topics_that_are_no_list_of_patterns_are_refused(self, tokens: Tokens, topics: object) -> None:
        with pytest.raises(TokenInvalid, match="topics"):
            tokens.verify(signed(CLAIMS | {"topics": topics}))

    def test_an_expired_token_is_told_from_an_invalid_one(self, tokens: Tokens) -> None:
        with pytest.raises(TokenExpired):
            tokens.verify(tokens.sign("customer:42", "customer", days=-1))

    def test_an_expiry_that_is_no_number_is_refused(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(CLAIMS | {"exp": "9999999999"}))

    def test_a_customers_number_that_no_customer_can_have_is_refused(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(CLAIMS | {"sub": f"customer:{2**63}"}))

    def test_a_customer_has_one_name(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify(signed(CLAIMS | {"sub": "customer:042"}))

    def test_a_token_that_was_seen_before_still_expires(self, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
        token = tokens.sign("customer:42", "customer", days=1)
        tokens.verify(token)
        later = time.time() + 86401
        monkeypatch.setattr(time, "time", lambda: later)
        with pytest.raises(TokenExpired):
            tokens.verify(token)

    def test_a_token_is_decoded_once(self, tokens: Tokens) -> None:
        token = tokens.sign("customer:42", "customer")
        assert tokens.verify(token) is tokens.verify(token)

    def test_memory_for_seen_tokens_is_bounded(self, tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(auth, "REMEMBERED_MAX", 10)
        for number in range(30):
            tokens.verify(tokens.sign(f"customer:{number}", "customer"))
        assert len(tokens._verified) == 10

    def test_a_bad_token_is_not_remembered(self, tokens: Tokens) -> None:
        with pytest.raises(TokenInvalid):
            tokens.verify("x")
        assert not tokens._verified


class TestIdentity:
    def test_a_role_that_may_not_is_told_who_may(self) -> None:
        assert CUSTOMER.require("sender", "customer") is CUSTOMER
        with pytest.raises(RoleNotAllowed, match="role customer may not do this; sender or ops may"):
            CUSTOMER.require("sender", "ops")

    @pytest.mark.parametrize(
        ("role", "patterns", "topic", "covered"),
        [
            ("customer", None, "order.created", True),
            ("customer", None, "order:1001", False),  # an order's topic is for its members only
            ("sender", None, "order:1001", True),
            ("customer", ("order:1001",), "order:1001", True),
            ("customer", ("order:1001",), "order:10011", False),
            ("customer", ("order:1001",), "order.created", False),
            ("customer", ("order.*",), "order.created", True),
            ("customer", ("order.*",), "orders", False),
            ("customer", ("order.*",), "Order.created", False),  # case matters on every platform
            ("sender", ("kitchen.*", "news"), "news", True),
            ("sender", ("kitchen.*", "news"), "order:1001", False),
            ("customer", (), "news", False),
        ],
    )
    def test_topics_that_a_token_covers(
        self, role: auth.Role, patterns: tuple[str, ...] | None, topic: str, covered: bool
    ) -> None:
        assert Identity(f"{role}:1", role, patterns, None).covers(topic) is covered


class TestFindToken:
    def test_the_header_comes_before_the_query_and_the_query_before_the_cookie(self) -> None:
        assert find_token("Bearer header", "getnotified=cookie", "query") == "header"
        assert find_token(None, "getnotified=cookie", "query") == "query"
        assert find_token(None, "getnotified=cookie", "") == "cookie"
        assert find_token(None, None) is None

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    def test_the_case_of_the_scheme_does_not_matter(self, scheme: str) -> None:
        assert find_token(f"{scheme}  abc ", None) == "abc"

    def test_another_scheme_is_no_token(self) -> None:
        assert find_token("Basic abc", None) is None

    @pytest.mark.parametrize(
        "cookie", ["getnotified=abc", "a=1; getnotified=abc", "getnotified=abc; b=2", 'getnotified="abc"']
    )
    def test_the_cookie_is_found_among_others(self, cookie: str) -> None:
        assert find_token(None, cookie) == "abc"

    @pytest.mark.parametrize(
        "cookie",
        [
            'prefs={"a":1}; getnotified=abc',
            "a b=c; getnotified=abc",
            "x=\u00e9; getnotified=abc",
            "flag; getnotified=abc",
        ],
    )
    def test_another_programs_odd_cookie_does_not_hide_it(self, cookie: str) -> None:
        assert find_token(None, cookie) == "abc"

    @pytest.mark.parametrize("cookie", ["", "a=1", "notgetnotified=abc", "x=getnotified", "getnotified"])
    def test_other_cookies_are_no_token(self, cookie: str) -> None:
        assert not find_token(None, cookie)
