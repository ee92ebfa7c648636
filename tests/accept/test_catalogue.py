"""The catalogue: what customers read, in their language, their time and their way of writing; data that is refused."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accept.catalogue import BODY_MAX, FOLDER, TITLE_MAX, Catalogue, FactsInvalid, Kind, Text
from app.errors import ConfigurationError
from tests.support.properties import PROPERTY

CATALOGUE = Catalogue.load()
NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DATA: dict[str, Any] = {
    "restaurant": "Luigi’s",
    "courier_name": "Anna",
    "product": "Flour",
    "reason": "Heavy traffic",
    "amount": "1234.50",
    "currency": "EUR",
    "eta": "2026-01-31T14:05:59Z",
    "quantity": 3,
    "title_text": "We are open",
    "body_text": "Until ten\ntonight",
}
NB = "\u00a0"  # CLDR's no-break spaces: before a currency, and between thousands
THIN = "\u202f"  # and the narrow one before PM

every_kind = pytest.mark.parametrize("event", CATALOGUE.kinds)
every_language = pytest.mark.parametrize("language", CATALOGUE.languages)


def told(
    event: str,
    *,
    language: str = "en",
    time_zone: str = "UTC",
    now: datetime = NOW,
    order_id: str | None = "1001",
    catalogue: Catalogue = CATALOGUE,
    **data: Any,
) -> Text:
    """What a customer reads of an event with this data."""
    return catalogue.text(event, catalogue.facts(event, data), order_id, language, time_zone, now)


def needed(event: str) -> dict[str, Any]:
    return {name: DATA[name] for name in CATALOGUE.kinds[event].needs}


def problems(event: str, data: dict[str, Any]) -> dict[str, str]:
    """Of refused data: each bad name, and what is said of it."""
    with pytest.raises(FactsInvalid) as refusal:
        CATALOGUE.facts(event, data)
    assert all(error["loc"][0] == "data" and len(error["loc"]) == 2 for error in refusal.value.errors)
    return {str(error["loc"][1]): error["msg"] for error in refusal.value.errors}


class TestKinds:
    def test_who_is_told(self) -> None:
        others = {event: kind.to for event, kind in CATALOGUE.kinds.items() if kind.to != "customer"}
        assert others == {
            "order.created": "kitchen",
            "delivery.assigned": "courier",
            "stock.low": "warehouse",
            "notice": "topic",
        }

    def test_an_order_ends_when_it_is_delivered_or_cancelled(self) -> None:
        assert [event for event, kind in CATALOGUE.kinds.items() if kind.ends_order] == [
            "order.delivered",
            "order.cancelled",
        ]

    def test_the_newest_of_where_the_courier_is_and_of_delays_takes_the_place_of_older_ones(self) -> None:
        assert [event for event, kind in CATALOGUE.kinds.items() if kind.collapses] == [
            "courier.nearby",
            "order.delayed",
        ]

    def test_what_a_customer_must_act_on_is_of_high_priority(self) -> None:
        assert [event for event, kind in CATALOGUE.kinds.items() if kind.priority == "high"] == [
            "payment.requested",
            "courier.nearby",
            "order.cancelled",
        ]
        assert CATALOGUE.kinds["order.rate"].priority == "low"

    def test_the_default_language_is_the_first(self) -> None:
        assert CATALOGUE.languages == ("en", "ru")


class TestTexts:
    @every_language
    @every_kind
    def test_every_kind_has_a_text_in_every_language(self, event: str, language: str) -> None:
        for data in (needed(event), DATA):
            text = told(event, language=language, **data)
            assert text.title_text
            assert text.language == language
            assert not re.search(r"None|[{}%]|  ", " ".join(text[:2])), text
            assert text.title_text == text.title_text.strip()
            assert text.body_text == text.body_text.strip()

    @every_kind
    def test_languages_differ(self, event: str) -> None:
        if event != "notice":
            english, russian = (told(event, language=language, **DATA) for language in ("en", "ru"))
            assert not re.search("[а-яё]", "".join(english[:2]).lower())
            assert re.search("[а-яё]", russian.title_text.lower())
            assert re.search("[а-яё]", russian.body_text.lower())

    @every_language
    @every_kind
    def test_whoever_has_an_order_reads_its_number(self, event: str, language: str) -> None:
        if CATALOGUE.kinds[event].to not in {"warehouse", "topic"}:
            assert "1001" in "".join(told(event, language=language, **needed(event))[:2])

    @every_language
    @pytest.mark.parametrize("event", ["stock.low", "notice"])
    def test_what_has_no_order_says_none(self, event: str, language: str) -> None:
        without = told(event, language=language, order_id=None, **DATA)
        assert without == told(event, language=language, order_id="1001", **DATA)

    @every_language
    @every_kind
    def test_all_that_a_kind_may_have_is_told(self, event: str, language: str) -> None:
        shown = {"amount": "234", "currency": "€", "eta": "2:05" if language == "en" else "14:05", "quantity": "3"}
        kind = CATALOGUE.kinds[event]
        text = "".join(told(event, language=language, **DATA)[:2])
        for name in kind.needs | kind.may:
            assert shown.get(name, DATA[name]) in text

    def test_english(self) -> None:
        assert told("order.delayed", eta="2026-01-31T14:05:00Z", reason="Heavy traffic") == (
            "Your order is running late",
            f"Sorry for the wait! Order 1001 should now be with you by 2:05{THIN}PM. Reason: Heavy traffic",
            "en",
        )
        assert told("order.out_for_delivery", language="en-GB", eta=DATA["eta"]) == (
            "Your order is on its way",
            "Order 1001 is heading your way. Expect it by 14:05.",
            "en",
        )

    def test_russian(self) -> None:
        assert told("courier.nearby", language="ru", courier_name="Анна") == (
            "Курьер уже рядом",
            "Анна будет у вас с заказом №1001 через несколько минут.",
            "ru",
        )
        assert told("order.placed", language="ru-RU", **DATA) == (
            "Заказ принят",
            f"Спасибо! Заказ №1001 передан в ресторан «Luigi’s». Сумма: 1{NB}234,50{NB}€.",
            "ru",
        )

    def test_a_notice_is_the_senders_own_words(self) -> None:
        assert told("notice", order_id=None, **DATA)[:2] == ("We are open", "Until ten\ntonight")
        assert told("notice", order_id=None, title_text="We are open")[:2] == ("We are open", "")

    def test_an_amount_without_its_currency_is_not_told(self) -> None:
        assert told("payment.received", amount="12.50") == told("payment.received")

    @every_language
    @every_kind
    def test_the_longest_data_makes_a_text_that_can_be_sent(self, event: str, language: str) -> None:
        longest = DATA | dict.fromkeys(("restaurant", "courier_name", "product"), "W" * 100)
        longest |= {"reason": "W" * 500, "title_text": "W" * 200, "body_text": "W" * 4000}
        text = told(event, language=language, order_id="9" * 94, **longest)
        assert len(text.title_text) <= TITLE_MAX
        assert len(text.body_text) <= BODY_MAX


class TestMoney:
    @pytest.mark.parametrize(
        ("language", "amount", "currency", "written"),
        [
            ("en", "12.50", "USD", "$12.50"),
            ("en-GB", "12.5", "GBP", "£12.50"),
            ("en-GB", "1234", "USD", "US$1,234.00"),
            ("en-IN", "1234567.00", "INR", "₹12,34,567.00"),
            ("ru", "450", "RUB", f"450,00{NB}₽"),
            ("ru-RU", "1234567.89", "EUR", f"1{NB}234{NB}567,89{NB}€"),
            ("en", "0", "EUR", "€0.00"),
            ("en", "1500", "JPY", "¥1,500"),
            ("en", "1.125", "KWD", f"KWD{NB}1.125"),
            ("en", "12.50", "CHF", f"CHF{NB}12.50"),
            ("en", "999999999999.9999", "EUR", "€999,999,999,999.9999"),
        ],
    )
    def test_it_is_written_as_the_customer_does(self, language: str, amount: str, currency: str, written: str) -> None:
        text = told("payment.requested", language=language, amount=amount, currency=currency)
        assert written in text.title_text
        assert written in text.body_text

    @pytest.mark.parametrize(
        ("amount", "currency", "written"), [("12.3456", "USD", "$12.3456"), ("12.50", "JPY", "¥12.5")]
    )
    def test_nobody_is_told_another_amount_than_the_sender_said(self, amount: str, currency: str, written: str) -> None:
        assert written in told("payment.requested", amount=amount, currency=currency).title_text


class TestTimes:
    @pytest.mark.parametrize(
        ("language", "time_zone", "written"),
        [
            ("en", "UTC", f"by 2:05{THIN}PM."),
            ("en-GB", "Europe/London", "by 14:05."),
            ("en-GB", "Asia/Kolkata", "by 19:35."),
            ("en", "America/New_York", f"by 9:05{THIN}AM."),
            ("ru", "Europe/Moscow", ": 17:05."),
            ("ru-RU", "Asia/Vladivostok", ": 1 февраля, 00:05."),
            ("en", "Asia/Vladivostok", f"by February 1, 12:05{THIN}AM."),
            ("en-GB", "Pacific/Kiritimati", "by 04:05."),  # the next day, but "now" is in it as well
        ],
    )
    def test_it_is_the_time_where_the_customer_is(self, language: str, time_zone: str, written: str) -> None:
        body = told("order.out_for_delivery", language=language, time_zone=time_zone, eta=DATA["eta"]).body_text
        assert body.endswith(written)

    @pytest.mark.parametrize(
        ("now", "written"),
        [
            (NOW - timedelta(days=1), "31 января, 14:05"),
            (NOW.replace(hour=0), "14:05"),
            (NOW.replace(hour=23), "14:05"),
            (NOW + timedelta(days=1), "31 января, 14:05"),
            (NOW.replace(year=2027), "31 января, 14:05"),
        ],
    )
    def test_the_day_is_told_unless_it_is_today(self, now: datetime, written: str) -> None:
        assert told("order.delayed", language="ru", now=now, eta=DATA["eta"]).body_text.endswith(f": {written}.")

    def test_a_clock_that_is_put_forward_is_shown_as_it_stands(self) -> None:
        now = datetime(2026, 3, 29, tzinfo=UTC)
        text = told("order.delayed", language="ru", time_zone="Europe/Berlin", now=now, eta="2026-03-29T01:00:00Z")
        assert "03:00" in text.body_text

    @pytest.mark.parametrize(
        "name", ["", "Mars/Olympus", "Europe", "../../etc/passwd", "/etc/passwd", "\0", "x" * 5000]
    )
    def test_what_is_no_time_zone_counts_as_utc(self, name: str) -> None:
        assert "14:05" in told("order.delayed", language="ru", time_zone=name, eta=DATA["eta"]).body_text

    @pytest.mark.parametrize("time_zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
    @pytest.mark.parametrize("eta", ["2000-01-01T00:00:00Z", "2999-12-31T00:00:00Z"])
    def test_the_first_and_the_last_time_that_are_taken_can_be_shown_everywhere(self, eta: str, time_zone: str) -> None:
        assert told("order.delayed", time_zone=time_zone, eta=eta).body_text


class TestPlurals:
    @pytest.mark.parametrize(
        ("quantity", "written"),
        [
            (0, "На складе ничего не осталось."),
            (1, "На складе осталась 1 штука."),
            (2, "На складе осталось 2 штуки."),
            (4, "На складе осталось 4 штуки."),
            (5, "На складе осталось 5 штук."),
            (11, "На складе осталось 11 штук."),
            (12, "На складе осталось 12 штук."),
            (21, "На складе осталась 21 штука."),
            (22, "На складе осталось 22 штуки."),
            (25, "На складе осталось 25 штук."),
            (100, "На складе осталось 100 штук."),
            (101, "На складе осталась 101 штука."),
            (111, "На складе осталось 111 штук."),
            (112, "На складе осталось 112 штук."),
            (122, "На складе осталось 122 штуки."),
            (12345, f"На складе осталось 12{NB}345 штук."),
        ],
    )
    def test_russian(self, quantity: int, written: str) -> None:
        assert told("stock.low", language="ru", product="Мука", quantity=quantity).body_text == written

    @pytest.mark.parametrize(
        ("quantity", "written"),
        [
            (0, "None left in stock."),
            (1, "Only 1 unit left in stock."),
            (2, "Only 2 units left in stock."),
            (11, "Only 11 units left in stock."),
            (21, "Only 21 units left in stock."),
            (1200, "Only 1,200 units left in stock."),
        ],
    )
    def test_english(self, quantity: int, written: str) -> None:
        assert told("stock.low", product="Flour", quantity=quantity).body_text == written


class TestLanguages:
    @pytest.mark.parametrize(
        ("tag", "language"),
        [
            ("en", "en"),
            ("en-GB", "en"),
            ("ru", "ru"),
            ("ru-RU", "ru"),
            ("RU-ru", "ru"),
            ("ru-Cyrl-KZ", "ru"),
            ("ru-XX", "ru"),
            ("de", "en"),
            ("pt-BR", "en"),
            ("zh-Hant-TW", "en"),
            ("tlh", "en"),
        ],
    )
    def test_the_text_is_in_the_customers_language_or_in_english(self, tag: str, language: str) -> None:
        assert told("order.delivered", language=tag).language == language

    @pytest.mark.parametrize(
        "tag",
        [
            *("", "-", "--", "en-", "en--GB", "en_GB", "*", "e", "\0", "ru\n", "../ru", "en/../../x", "é", "x-ru", "٣"),
            *(
                "ru" * 5000,
                "ru-" * 5000,
                "{{ 7*7 }}",
                "root",
                "und",
                "en-u-nu-arab",
                "i-klingon",
                "sgn-BE-FR",
                "\ud800",
            ),
        ],
        ids=lambda tag: ascii(tag)[:20],
    )
    def test_a_tag_that_is_none_breaks_nothing(self, tag: str) -> None:
        assert told("payment.requested", language=tag, amount="1", currency="EUR").title_text

    def test_a_text_in_the_last_resort_is_written_in_its_own_way(self) -> None:
        text = told("payment.requested", language="de-DE", amount="1234.5", currency="EUR")
        assert text.title_text == "Payment due: €1,234.50"

    @PROPERTY
    @given(st.text(max_size=40) | st.from_regex(r"[a-zA-Z]{1,9}([-_][a-zA-Z0-9]{1,9}){0,4}", fullmatch=True), st.text())
    def test_whatever_a_customer_prefers_a_text_is_found(self, tag: str, zone: str) -> None:
        told("order.delayed", language=tag, time_zone=zone, eta=DATA["eta"])


class TestFacts:
    def test_they_are_parsed(self) -> None:
        assert CATALOGUE.facts("payment.requested", DATA) == {"amount": Decimal("1234.50"), "currency": "EUR"}
        assert CATALOGUE.facts("stock.low", DATA) == {"product": "Flour", "quantity": 3}
        eta = CATALOGUE.facts("order.delayed", {"eta": "2026-01-31T16:05:00+02:00"})["eta"]
        assert (eta, eta.utcoffset()) == (datetime(2026, 1, 31, 14, 5, tzinfo=UTC), timedelta(0))

    def test_names_that_are_not_known_may_hold_anything(self) -> None:
        others: dict[str, Any] = {
            "table": [1, {"x": None}],
            "order_id": 5,
            "reader": "x",
            "": float("nan"),
            "Amount": -1,
        }
        assert CATALOGUE.facts("order.delivered", others) == {}
        assert CATALOGUE.facts("order.delayed", DATA | others) == CATALOGUE.facts("order.delayed", DATA)

    def test_null_is_as_good_as_absent(self) -> None:
        assert CATALOGUE.facts("order.delayed", DATA | {"reason": None}).keys() == {"eta"}
        assert problems("order.delayed", {"eta": None}) == {"eta": "is needed for order.delayed"}

    @every_kind
    def test_what_a_kind_needs_is_named_when_it_is_missing(self, event: str) -> None:
        needs = CATALOGUE.kinds[event].needs
        if needs:
            assert problems(event, {}) == dict.fromkeys(needs, f"is needed for {event}")
        assert CATALOGUE.facts(event, needed(event)).keys() == needs

    def test_all_problems_are_named_at_once(self) -> None:
        data = {"quantity": -1, "reason": "", "currency": "euro", "eta": "soon", "table": 5}
        assert list(problems("stock.low", data)) == ["product", "reason", "currency", "eta", "quantity"]

    def test_its_sentence_names_them_as_well(self) -> None:
        with pytest.raises(
            FactsInvalid, match=r"^data\.product: is needed for stock\.low; data\.quantity: Input should"
        ):
            CATALOGUE.facts("stock.low", {"quantity": "many"})

    @every_kind
    def test_a_name_that_is_known_is_checked_for_every_kind(self, event: str) -> None:
        assert list(problems(event, DATA | {"amount": "free"})) == ["amount"]

    @pytest.mark.parametrize("name", ["restaurant", "courier_name", "product", "reason", "title_text"])
    @pytest.mark.parametrize(
        "value",
        [
            *(
                "",
                " ",
                "\u00a0\u2003",
                "\0",
                "a\0",
                "a\nb",
                "a\r",
                "\ta",
                "a\x1b[31m",
                "a\x7f",
                "a\x85",
                "a\u2028b",
                "\ud800",
            ),
            *(5, True, ["a"], {"a": 1}, "x" * 501),
        ],
        ids=lambda value: ascii(value)[:20],
    )
    def test_a_short_text_is_one_line_that_says_something(self, name: str, value: object) -> None:
        assert list(problems("notice", DATA | {name: value})) == [name]

    @pytest.mark.parametrize(
        ("name", "limit"),
        [
            *(("restaurant", 100), ("courier_name", 100), ("product", 100)),
            *(("reason", 500), ("title_text", 200), ("body_text", 4000)),
        ],
    )
    def test_a_text_has_a_limit_in_characters(self, name: str, limit: int) -> None:
        CATALOGUE.facts("notice", DATA | {name: "\U0001f355" * limit})
        message = f"String should have at most {limit} characters"
        assert problems("notice", DATA | {name: "\U0001f355" * (limit + 1)}) == {name: message}

    def test_a_notices_body_has_lines_but_no_nul(self) -> None:
        assert CATALOGUE.facts("notice", DATA | {"body_text": "a\n\tb"})["body_text"] == "a\n\tb"
        bodies: list[Any] = ["\0", 5, [], "\ud800"]
        for body in bodies:
            assert list(problems("notice", DATA | {"body_text": body})) == ["body_text"]

    @pytest.mark.parametrize("amount", ["0", "0.00", "12.50", "007", "999999999999.9999", "0.0001"])
    def test_an_amount_is_a_decimal_text(self, amount: str) -> None:
        assert CATALOGUE.facts("payment.received", {"amount": amount}) == {"amount": Decimal(amount)}

    @pytest.mark.parametrize(
        "amount",
        [
            *("", " ", "-1", "-0", "+1", "1e3", "1E3", "NaN", "Infinity", "1,50", "1.", ".5", "1.23456", "1" * 13),
            *("1_000", " 1", "1\n", "٣", "0x10", "1/2", 12.5, 12, True, ["1"]),
        ],
        ids=repr,
    )
    def test_what_is_no_amount_is_refused(self, amount: object) -> None:
        message = 'must be a decimal number as text, such as "12.50": up to 12 digits, and up to 4 after the point'
        assert problems("order.delivered", {"amount": amount}) == {"amount": message}

    @pytest.mark.parametrize("currency", ["", "eur", "EURO", "E", "€", "EUR ", "QQQ", 978, ["EUR"]], ids=repr)
    def test_what_is_no_currency_is_refused(self, currency: object) -> None:
        assert list(problems("order.delivered", {"currency": currency})) == ["currency"]

    def test_a_currency_is_a_code(self) -> None:
        message = "must be a currency's code, such as EUR (ISO 4217)"
        assert problems("order.delivered", {"currency": "Euro"}) == {"currency": message}

    @pytest.mark.parametrize(
        "eta",
        [
            *(
                "",
                "soon",
                "14:05",
                "2026-01-31",
                "2026-01-31T14:05:00",
                "2026-02-30T14:05:00Z",
                "1900000000",
                1900000000,
            ),
            *("2026-01-31T14:05:00+99:00", "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00Z", "3000-01-01T00:00:00Z"),
        ],
        ids=repr,
    )
    def test_what_is_no_time_is_refused(self, eta: object) -> None:
        assert list(problems("order.delivered", {"eta": eta})) == ["eta"]

    def test_a_time_is_as_rfc_3339_has_it(self) -> None:
        message = "must be a time with its zone, such as 2026-01-31T12:00:00Z (RFC 3339)"
        assert problems("order.delivered", {"eta": "at noon"}) == {"eta": message}

    @pytest.mark.parametrize("quantity", [-1, True, False, 1.0, 1.5, "1", 2**63, float("nan"), [1]], ids=repr)
    def test_a_quantity_is_a_whole_number(self, quantity: object) -> None:
        assert list(problems("order.delivered", {"quantity": quantity})) == ["quantity"]

    def test_a_number_of_any_length_is_refused_and_not_written_out(self) -> None:
        message = "Input should be less than 9223372036854775808"
        assert problems("order.delivered", {"quantity": 10**5000}) == {"quantity": message}

    def test_what_was_sent_is_not_repeated(self) -> None:
        assert "secret" not in str(problems("order.delivered", dict.fromkeys(DATA, "secret" * 1000)))


HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in range(9) %}x{% endfor %}",
    "{{ ''.__class__ }}",
    "{#",
    "%(x)s {0} {x!r}",
    "<b>&amp;",
]


class TestHostileData:
    @every_language
    @every_kind
    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_a_template_in_data_stays_text(self, event: str, language: str, hostile: str) -> None:
        texts = DATA.keys() - {"amount", "currency", "eta", "quantity"}
        data: dict[str, Any] = DATA | dict.fromkeys(texts, hostile)
        plain: dict[str, Any] = DATA | dict.fromkeys(texts, "@")
        text = told(event, language=language, **data)
        expected = told(event, language=language, **plain)
        assert text == Text(*(part.replace("@", hostile) for part in expected))

    def test_nor_is_an_order_id_one(self) -> None:
        assert told("order.created", order_id="{{ 7*7 }}").title_text == "New order {{ 7*7 }}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
plausible = {
    "amount": st.from_regex(r"-?\d{0,13}(\.\d{0,5})?", fullmatch=True),
    "currency": st.sampled_from(["EUR", "RUB", "JPY", "XXX", "eur"]),
    "eta": st.datetimes(timezones=st.timezones()).map(datetime.isoformat),
    "quantity": st.integers(),
}
data_of_senders = st.fixed_dictionaries(
    {}, optional={name: plausible.get(name, st.text(max_size=600)) | json_values for name in DATA}
)


# Hypothesis wants bounds without a zone; in every zone these are days that are taken.
FIRST, LAST = datetime(2000, 1, 2), datetime(2999, 12, 30)  # noqa: DTZ001


def line(most: int) -> st.SearchStrategy[str]:
    letters = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
    return st.text(letters, min_size=1, max_size=most).filter(str.strip)


right_data = st.fixed_dictionaries(
    {
        "restaurant": line(100),
        "courier_name": line(100),
        "product": line(100),
        "reason": line(500),
        "amount": st.decimals(0, 10**12, places=4).filter(lambda amount: amount < 10**12).map("{:f}".format),
        "currency": st.sampled_from(["EUR", "RUB", "JPY", "KWD", "CHF", "XXX"]),
        "eta": st.datetimes(FIRST, LAST, timezones=st.timezones()).map(partial(datetime.isoformat, timespec="seconds")),
        "quantity": st.integers(0, 2**63 - 1),
        "title_text": line(200),
        "body_text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=4000),
    }
)
kinds = st.sampled_from(sorted(CATALOGUE.kinds))


@PROPERTY
@given(kinds, data_of_senders)
def test_whatever_is_sent_is_taken_or_refused_with_the_names_of_what_is_wrong(event: str, data: dict[str, Any]) -> None:
    try:
        assert told(event, **data).title_text
    except FactsInvalid:
        assert problems(event, data).keys() <= DATA.keys()


@PROPERTY
@given(kinds, right_data, st.sampled_from(["en", "en-IN", "ru"]), st.timezones().map(str))
def test_right_data_makes_a_text_that_can_be_stored(
    event: str, data: dict[str, Any], language: str, time_zone: str
) -> None:
    text = told(event, language=language, time_zone=time_zone, **data)
    assert 1 <= len(text.title_text) <= TITLE_MAX
    assert len(text.body_text) <= BODY_MAX
    assert "\0" not in "".join(text)
    assert text == told(event, language=language, time_zone=time_zone, **data)


KINDS = """
["order.ready"]
needs = ["quantity"]
may = ["reason"]
"""
TEXTS = """
["order.ready"]
title = "Ready {{ order_id }}"
body = "{{ quantity | number }}{% if reason %}: {{ reason }}{% endif %}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "kinds.toml").write_text(KINDS)
    (tmp_path / "en.toml").write_text(TEXTS)
    return tmp_path


def refusal(folder: Path) -> str:
    """Why a catalogue can't be loaded, without the folder's name."""
    with pytest.raises(ConfigurationError) as error:
        Catalogue.load(folder)
    return str(error.value).replace(f"{folder}/", "")


class TestLoading:
    def test_a_kind_has_little_to_say(self, folder: Path) -> None:
        catalogue = Catalogue.load(folder)
        assert dict(catalogue.kinds) == {
            "order.ready": Kind(
                event="order.ready",
                to="customer",
                priority="normal",
                needs=frozenset({"quantity"}),
                may=frozenset({"reason"}),
                ends_order=False,
                collapses=False,
            )
        }
        assert told("order.ready", catalogue=catalogue, quantity=2, reason="x") == ("Ready 1001", "2: x", "en")

    @pytest.mark.parametrize("language", ["de", "pt-BR", "zh-Hant"])
    def test_a_language_is_a_file(self, folder: Path, language: str) -> None:
        (folder / f"{language}.toml").write_text(TEXTS.replace("Ready", "Bereit"))
        catalogue = Catalogue.load(folder)
        assert catalogue.languages == ("en", language)
        for tag in (language, language.upper(), f"{language}-x-y"):
            text = told("order.ready", catalogue=catalogue, language=tag, quantity=1234)
            assert (text.title_text, text.language) == ("Bereit 1001", language)
        assert told("order.ready", catalogue=catalogue, language="ru", quantity=1).language == "en"

    def test_its_numbers_are_written_in_its_way(self, folder: Path) -> None:
        (folder / "de.toml").write_text(TEXTS)
        catalogue = Catalogue.load(folder)
        tags = {"de": "1.234", "de-CH": "1’234", "en": "1,234"}
        written = {tag: told("order.ready", catalogue=catalogue, language=tag, quantity=1234).body_text for tag in tags}
        assert written == tags

    def test_a_part_of_the_world_can_have_a_file_of_its_own(self, folder: Path) -> None:
        for language in ("pt", "pt-BR"):
            (folder / f"{language}.toml").write_text(TEXTS.replace("Ready", language))
        catalogue = Catalogue.load(folder)
        assert catalogue.languages == ("en", "pt", "pt-BR")
        for tag, language in (("pt-BR", "pt-BR"), ("pt-br", "pt-BR"), ("pt-PT", "pt"), ("pt", "pt")):
            assert told("order.ready", catalogue=catalogue, language=tag, quantity=1).language == language

    def test_a_kind_is_an_entry(self, folder: Path) -> None:
        with (folder / "kinds.toml").open("a") as kinds, (folder / "en.toml").open("a") as texts:
            kinds.write('["order.lost"]\nto = "kitchen"\n')
            texts.write('["order.lost"]\ntitle = "Lost"\nbody = ""\n')
        catalogue = Catalogue.load(folder)
        assert catalogue.kinds["order.lost"].to == "kitchen"
        assert told("order.lost", catalogue=catalogue) == ("Lost", "", "en")

    def test_the_services_own_is_beside_its_code(self) -> None:
        assert (FOLDER / "kinds.toml").is_file()

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ('to = "moon"', "to: Input should be 'customer', 'courier', 'kitchen', 'warehouse' or 'topic'."),
            ('priority = "urgent"', "priority: Input should be 'low', 'normal' or 'high'."),
            ('colour = "red"', "colour: Unexpected keyword argument."),
            ('needs = ["order_id"]', "no data has the name order_id."),
            ('may = ["table"]', "no data has the name table."),
            ('needs = ["eta"]\nmay = ["eta"]', "eta is in needs and in may."),
            ('needs = "eta"', "needs: Input should be a valid frozenset."),
            ("ends_order = 5", "ends_order: Input should be a valid boolean, unable to interpret input."),
            ('event = "order.other"', "it calls itself order.other."),
        ],
    )
    def test_what_is_wrong_with_a_kind_is_named(self, folder: Path, line: str, said: str) -> None:
        (folder / "kinds.toml").write_text(f'["order.bad"]\n{line}\n')
        assert refusal(folder) == f"kinds.toml: order.bad: {said}"

    @pytest.mark.parametrize("event", ["Order", "order.", "a b", "", "\u00e9", "a" * 101])
    def test_a_kind_has_a_name_that_notifications_can_have(self, folder: Path, event: str) -> None:
        (folder / "kinds.toml").write_text(f'["{event}"]\n')
        assert refusal(folder).startswith(f"kinds.toml: {event}: event: String should")

    def test_a_kind_is_a_table(self, folder: Path) -> None:
        (folder / "kinds.toml").write_text('"order.ready" = 5')
        assert refusal(folder).startswith("kinds.toml: order.ready: Input should be")

    def test_a_language_that_lacks_a_kind_is_named(self, folder: Path) -> None:
        (folder / "ru.toml").write_text("")
        assert refusal(folder) == "ru.toml: order.ready: has no text here."

    def test_a_text_of_no_kind_is_named(self, folder: Path) -> None:
        (folder / "en.toml").write_text(TEXTS + '["order.lost"]\ntitle = "Lost"\nbody = ""')
        assert refusal(folder) == "en.toml: order.lost: is not in kinds.toml."

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ('title = "x"', "body: Field required."),
            ('title = 5\nbody = ""', "title: Input should be a valid string."),
            ('title = "x"\nbody = ""\nsound = "y"', "sound: Extra inputs are not permitted."),
        ],
    )
    def test_what_is_wrong_with_a_text_is_named(self, folder: Path, text: str, said: str) -> None:
        (folder / "en.toml").write_text(f'["order.ready"]\n{text}')
        assert refusal(folder) == f"en.toml: order.ready: {said}"

    @pytest.mark.parametrize(
        ("template", "said"),
        [
            ("{{ colour }}", "uses 'colour', which is not among the kind's needs and may."),
            ("{{ eta | time }}", "uses 'eta', which is not among the kind's needs and may."),
            ("{{ reader.now }}", "uses 'reader', which is not among the kind's needs and may."),
            ("{% if false %}{{ colour }}{% endif %}", "uses 'colour', which is not among the kind's needs and may."),
            ("{{ range(3) }}", "uses 'range', which is not among the kind's needs and may."),
            ("{{ lipsum() }}", "uses 'lipsum', which is not among the kind's needs and may."),
            ("{{ quantity | shout }}", "No filter named 'shout'."),
            ("{% if not quantity %}{{ quantity | shout }}{% endif %}", "uses 'shout', which there is not."),
            ("{% if false %}{{ quantity is odder }}{% endif %}", "uses 'odder', which there is not."),
            ("{{ [1, 2] | random }}", "No filter named 'random'."),
            ("{{ quantity", "unexpected end of template, expected 'end of print statement'."),
            ("{% if quantity %}", "The innermost block that needs to be closed is 'if'."),
            ("{{ reason }}", "prints what can be absent; it must be in an `if`."),
            ("{{ quantity | money }}", "_format_money() missing 1 required positional argument: 'currency'."),
            ("{{ quantity | money(reason) }}", "prints what can be absent; it must be in an `if`."),
            ("{{ order_id | time }}", "'str' object has no attribute 'astimezone'."),
            ("{{ order_id | plural(one='a', other='b') }}", ""),
            ("{{ quantity | time }}", "'int' object has no attribute 'astimezone'."),
            ("{{ 5 / quantity }}", "division by zero."),
            ("{{ quantity.__class__ }}", "access to attribute '__class__' of 'int' object is unsafe."),
            ("{{ quantity.size }}", "'int object' has no attribute 'size'."),
            ("{{ quantity | plural(one='a') }}", "a plural in this language has the forms one, other."),
            (
                "{% if false %}{{ quantity | plural(one='a', few='b', other='c') }}{% endif %}",
                "a plural in this language has the forms one, other.",
            ),
            ("{% include 'other' %}", "no loader for this environment specified."),
            ("x{% if reason %}{{ reason * 9 }}{% endif %}", "makes a title of 4501 characters; it can have 1 to 200."),
            ("{% if reason %}x{% endif %}", "makes a title of 0 characters; it can have 1 to 200."),
            (" ", "makes a title of 0 characters; it can have 1 to 200."),
        ],
    )
    def test_a_template_that_could_fail_is_named(self, folder: Path, template: str, said: str) -> None:
        (folder / "ru.toml").write_text(TEXTS)
        (folder / "en.toml").write_text(f'["order.ready"]\ntitle = "{template}"\nbody = ""')
        message = refusal(folder)
        assert message.startswith("en.toml: order.ready: ")
        assert message.endswith(said)

    def test_a_body_has_a_limit_as_well(self, folder: Path) -> None:
        (folder / "en.toml").write_text(f'["order.ready"]\ntitle = "x"\nbody = "{"x" * 4001}"')
        assert refusal(folder) == (
            "en.toml: order.ready: data: makes a body of 4001 characters; it can have up to 4000."
        )

    def test_plurals_have_the_forms_of_their_language(self, folder: Path) -> None:
        russian = TEXTS.replace("| number", "| plural(one='a', few='b', many='c', other='d')")
        (folder / "ru.toml").write_text(russian)
        assert told("order.ready", catalogue=Catalogue.load(folder), language="ru", quantity=5).body_text == "c"
        (folder / "ru.toml").write_text(russian.replace("many='c', ", ""))
        message = "ru.toml: order.ready: a plural in this language has the forms few, many, one, other."
        assert refusal(folder) == message

    def test_what_may_be_absent_is_tried_in_every_combination(self, folder: Path) -> None:
        (folder / "kinds.toml").write_text('["order.paid"]\nmay = ["amount", "currency"]')
        text = (
            '["order.paid"]\ntitle = "x"\nbody = "{% if amount is not none %}{{ amount | money(currency) }}{% endif %}"'
        )
        (folder / "en.toml").write_text(text)
        assert refusal(folder).startswith("en.toml: order.paid: ")

    def test_an_order_may_be_absent_where_there_is_none(self, folder: Path) -> None:
        (folder / "kinds.toml").write_text('[stock]\nto = "warehouse"')
        (folder / "en.toml").write_text('[stock]\ntitle = "{{ order_id }}"\nbody = ""')
        assert refusal(folder) == "en.toml: stock: prints what can be absent; it must be in an `if`."

    @pytest.mark.parametrize("name", ["english", "xx", "en_GB", "_", "ru.old"])
    def test_a_file_has_the_name_of_a_language(self, folder: Path, name: str) -> None:
        (folder / f"{name}.toml").write_text(TEXTS)
        assert refusal(folder) == f"{name}.toml: {name} is not the tag of a language that is known."

    def test_there_is_a_language_of_last_resort(self, folder: Path) -> None:
        (folder / "en.toml").rename(folder / "de.toml")
        assert refusal(folder) == f"{folder}: there is no en.toml, the language of last resort."

    @pytest.mark.parametrize("name", ["kinds.toml", "en.toml"])
    @pytest.mark.parametrize("content", [b"[order", b"\xff", b"a = 1\na = 2"])
    def test_a_file_that_is_no_toml_is_named(self, folder: Path, name: str, content: bytes) -> None:
        (folder / name).write_bytes(content)
        assert refusal(folder).startswith(f"{name}: ")

    def test_a_folder_without_kinds_is_named(self, tmp_path: Path) -> None:
        assert refusal(tmp_path).startswith("kinds.toml: ")
