"""The catalogue: the kinds of events that senders report, and what is said of each in each customer's language.

It is data: `catalogue/kinds.toml` describes the kinds, and `catalogue/<language>.toml` has their texts as Jinja2
templates. A kind is added by an entry in each file, a language by a file. What can be wrong with them is found when
they are loaded, not when a customer waits to be told: each text is tried with the least and the most that it can get.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from itertools import chain, combinations, product
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeVar

from babel import Locale
from babel.numbers import list_currencies
from jinja2 import Template, TemplateError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from app.accept.template import Reader, broader, compile_template, locale_of, zone_of
from app.channel import ORDER_ID_MAX
from app.errors import ConfigurationError, FieldError, GetnotifiedError
from app.notification import Priority
from app.validation import Time, without_nul

FOLDER = Path(__file__).with_suffix("")
DEFAULT_LANGUAGE = "en"
TITLE_MAX = 200
BODY_MAX = 4000

Entries = TypeVar("Entries")


class FactsInvalid(GetnotifiedError):
    """An event's data is not what its texts need; every field is named, `["data", "eta"]`."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in errors))


_DECIMAL = re.compile(r"\d{1,12}(\.\d{1,4})?", re.ASCII)
_CURRENCIES = frozenset(list_currencies())
# Every zone can show them; the first and the last year that Python has begin and end elsewhere.
_FIRST_DAY, _LAST_DAY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2999, 12, 31, tzinfo=UTC)
_BREAKS_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _line(text: str) -> str:
    if _BREAKS_A_LINE.search(text):
        raise PydanticCustomError("line", "must be one line, without control characters")
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _amount(value: object) -> Decimal:
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        message = 'must be a decimal number as text, such as "12.50": up to 12 digits, and up to 4 after the point'
        raise PydanticCustomError("amount", message)
    return Decimal(value)


def _currency(code: str) -> str:
    if code not in _CURRENCIES:
        raise PydanticCustomError("currency", "must be a currency's code, such as EUR (ISO 4217)")
    return code


_Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_line)]


class _Facts(BaseModel):
    """The names of an event's data that have a meaning here. Null is as good as absent; other names are not ours."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)

    restaurant: _Name | None = None
    courier_name: _Name | None = None
    product: _Name | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_line)] | None = None
    amount: Annotated[Decimal, BeforeValidator(_amount)] | None = None
    currency: Annotated[str, AfterValidator(_currency)] | None = None
    eta: Annotated[Time, Field(ge=_FIRST_DAY, le=_LAST_DAY)] | None = None
    quantity: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    title_text: Annotated[str, Field(min_length=1, max_length=TITLE_MAX), AfterValidator(_line)] | None = None
    body_text: Annotated[str, Field(max_length=BODY_MAX), AfterValidator(without_nul)] | None = None


# The least and the most that there can be of each.
_LEAST = _Facts.model_validate(
    dict.fromkeys(("restaurant", "courier_name", "product", "reason", "title_text"), "x")
    | {"amount": "0", "currency": "EUR", "eta": _FIRST_DAY, "quantity": 0, "body_text": ""}
)
_MOST = _Facts.model_validate(
    dict.fromkeys(("restaurant", "courier_name", "product"), "x" * 100)
    | {"reason": "x" * 500, "title_text": "x" * TITLE_MAX, "body_text": "x" * BODY_MAX}
    | {"amount": "9" * 12 + ".9999", "currency": "EUR", "eta": _LAST_DAY, "quantity": 2**63 - 1}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event, as `kinds.toml` describes it.

    Attributes:
        event: its name, `order.ready`.
        to: who is told.
        priority: that of its notifications, unless the sender says another.
        needs: names of data that its texts can't do without.
        may: names of data that its texts use when they are there.
        ends_order: the order is over with it.
        collapses: a newer one takes the place of an older one of the same order.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    event: Annotated[str, Field(max_length=100, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$")]
    to: Literal["customer", "courier", "kitchen", "warehouse", "topic"] = "customer"
    priority: Priority = "normal"
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()
    ends_order: bool = False
    collapses: bool = False

    def __post_init__(self) -> None:
        if unknown := (self.needs | self.may) - _Facts.model_fields.keys():
            raise PydanticCustomError("data", "no data has the name {name}", {"name": min(unknown)})
        if both := self.needs & self.may:
            raise PydanticCustomError("data", "{name} is in needs and in may", {"name": min(both)})


class Text(NamedTuple):
    """What a customer reads, and the language of the catalogue that it is in."""

    title_text: str
    body_text: str
    language: str


class _Source(BaseModel):
    """The texts of a kind, as a language's file has them."""

    model_config = ConfigDict(extra="forbid", strict=True)

    title: str
    body: str


class _Templates(NamedTuple):
    title: Template
    body: Template

    def render(self, values: Mapping[str, Any], language: str) -> Text:
        text = Text(self.title.render(values).strip(), self.body.render(values).strip(), language)
        if not 1 <= len(text.title_text) <= TITLE_MAX:
            raise _wrong_length("title", len(text.title_text), f"1 to {TITLE_MAX}")
        if len(text.body_text) > BODY_MAX:
            raise _wrong_length("body", len(text.body_text), f"up to {BODY_MAX}")
        return text


def _wrong_length(what: str, length: int, allowed: str) -> FactsInvalid:
    message = f"makes a {what} of {length} characters; it can have {allowed}"
    return FactsInvalid([FieldError(loc=["data"], msg=message)])


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All kinds, and their texts in all languages.

    Attributes:
        kinds: by their names, in the order of `kinds.toml`.
        languages: the tags of the languages that every kind has texts in, the default one first.
    """

    kinds: Mapping[str, Kind]
    languages: tuple[str, ...]
    _templates: Mapping[str, Mapping[str, _Templates]] = field(repr=False)

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Catalogue:
        """The catalogue of a folder: `kinds.toml`, and a file for each language (`en.toml`, `pt-BR.toml`).

        Raises:
            ConfigurationError: a file can't be read, a kind is not described well, a language lacks a kind, or a text
                can fail with data that is right; it names the file, the kind and what is wrong.
        """
        kinds_file = folder / "kinds.toml"
        kinds = _read(kinds_file, TypeAdapter(Annotated[dict[str, Kind], BeforeValidator(_named)]))
        for event, kind in kinds.items():
            if kind.event != event:
                raise ConfigurationError(f"{kinds_file}: {event}: it calls itself {kind.event}.")
        files = {path.stem: path for path in folder.glob("*.toml") if path != kinds_file}
        if DEFAULT_LANGUAGE not in files:
            raise ConfigurationError(f"{folder}: there is no {DEFAULT_LANGUAGE}.toml, the language of last resort.")
        languages = (DEFAULT_LANGUAGE, *sorted(files.keys() - {DEFAULT_LANGUAGE}))
        return cls(kinds, languages, {language: _texts(files[language], kinds) for language in languages})

    def facts(self, event: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """What the texts of a kind may use, parsed from an event's data.

        Every name that is known is checked, whether the kind uses it or not; unknown ones may hold anything.

        Args:
            event: one of `kinds`.
            data: the event's `data`, as JSON has it.

        Returns:
            Of what the kind needs and may have, what is there: `amount` as Decimal, `eta` in UTC, `quantity` as int,
            the others as text.

        Raises:
            FactsInvalid: needed names are missing, or known ones malformed; every one is named.
        """
        kind = self.kinds[event]
        errors = [
            FieldError(loc=["data", name], msg=f"is needed for {event}")
            for name in sorted(kind.needs)
            if data.get(name) is None
        ]
        try:
            known = _Facts.model_validate(dict(data))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            errors += [FieldError(loc=["data", *problem["loc"]], msg=problem["msg"]) for problem in problems]
        if errors:
            raise FactsInvalid(errors)
        return {name: value for name in sorted(kind.needs | kind.may) if (value := getattr(known, name)) is not None}

    def text(
        self, event: str, facts: Mapping[str, Any], order_id: str | None, language: str, time_zone: str, now: datetime
    ) -> Text:
        """What a customer is told of an event.

        Args:
            event: one of `kinds`.
            facts: as `facts` made them for this kind.
            order_id: None only for kinds that go to the warehouse or to a topic.
            language: the customer's, as a language tag (`en-GB`); any text will do, English is the last resort.
            time_zone: the customer's, by its IANA name; what is none counts as UTC.
            now: the time (aware) that decides whether a day is today.

        Raises:
            FactsInvalid: the title would be empty or over 200 characters, or the body over 4,000.
        """
        ours, locale = _spoken(self.languages, language)
        reader = Reader(locale, zone_of(time_zone), now)
        values = _values(self.kinds[event], facts, order_id, reader)
        return self._templates[ours][event].render(values, ours)


def _values(kind: Kind, facts: Mapping[str, Any], order_id: str | None, reader: Reader) -> dict[str, Any]:
    return {**dict.fromkeys(kind.may), **facts, "order_id": order_id, "reader": reader}


@lru_cache(maxsize=1024)
def _spoken(languages: tuple[str, ...], tag: str) -> tuple[str, Locale]:
    """Which of our languages to use for a customer's tag, and the locale to write numbers and times in."""
    by_range = {language.lower(): language for language in languages}
    ours = next((by_range[each] for each in broader(tag.lower()) if each in by_range), DEFAULT_LANGUAGE)
    locale = Locale.parse(ours, sep="-")
    theirs = (known for each in broader(tag) if (known := locale_of(each)))
    return ours, next((each for each in theirs if each.language == locale.language), locale)


def _read(path: Path, adapter: TypeAdapter[Entries]) -> Entries:
    try:
        return adapter.validate_python(tomllib.loads(path.read_text("utf-8")))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        raise ConfigurationError(f"{path}: {': '.join(map(str, problem['loc']))}: {problem['msg']}.") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path}: {error}.") from None


def _named(entries: dict[str, Any]) -> dict[str, Any]:
    return {event: {"event": event} | entry if isinstance(entry, dict) else entry for event, entry in entries.items()}


def _texts(path: Path, kinds: Mapping[str, Kind]) -> dict[str, _Templates]:
    """The texts of a language, each tried with the least and the most that it can get.

    Raises:
        ConfigurationError: as for `Catalogue.load`.
    """
    locale = locale_of(path.stem)
    if locale is None:
        raise ConfigurationError(f"{path}: {path.stem} is not the tag of a language that is known.")
    sources = _read(path, TypeAdapter(dict[str, _Source]))
    for event in sorted(kinds.keys() ^ sources.keys()):
        what = "has no text here" if event in kinds else "is not in kinds.toml"
        raise ConfigurationError(f"{path}: {event}: {what}.")
    return {event: _tried(path, kinds[event], source, locale) for event, source in sources.items()}


def _tried(path: Path, kind: Kind, source: _Source, locale: Locale) -> _Templates:
    names = kind.needs | kind.may | {"order_id"}
    try:
        templates = _Templates(
            compile_template(source.title, names, locale), compile_template(source.body, names, locale)
        )
        for values in _samples(kind, locale):
            templates.render(values, path.stem)
    except Exception as error:  # a template can fail in every way that Python can
        what = error.message if isinstance(error, TemplateError) else error
        raise ConfigurationError(f"{path}: {kind.event}: {str(what).rstrip('.')}.") from error
    return templates


def _samples(kind: Kind, locale: Locale) -> Iterator[dict[str, Any]]:
    """The values to try a kind's templates with: all that it may have or lack, `eta` today and on another day."""
    absences = chain.from_iterable(combinations(sorted(kind.may), count) for count in range(len(kind.may) + 1))
    order_ids = ("1", "9" * ORDER_ID_MAX, *([None] if kind.to in {"warehouse", "topic"} else []))
    readers = [Reader(locale, zone, _FIRST_DAY) for zone in (UTC, timezone(timedelta(hours=14)))]
    for known, absent, order_id, reader in product((_LEAST, _MOST), absences, order_ids, readers):
        facts = {name: getattr(known, name) for name in (kind.needs | kind.may).difference(absent)}
        yield _values(kind, facts, order_id, reader)
