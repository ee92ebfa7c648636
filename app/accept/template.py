"""A template of a text: Jinja2 in a sandbox, with the formats of whoever reads it.

Money, times, numbers and plurals are written as Unicode CLDR says for the reader's locale. What a template may use is
known when it is made, so that it is refused then, and not when a customer waits to be told something.
"""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_time, get_datetime_format
from babel.numbers import format_currency, format_decimal
from jinja2 import StrictUndefined, Template, TemplateError, meta, nodes, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Reader(NamedTuple):
    """Who a text is rendered for: what is `reader` among the values that `Template.render` gets.

    Attributes:
        locale: how numbers and times are written.
        zone: where the reader is.
        now: the time (aware) that decides whether a day is today.
    """

    locale: Locale
    zone: tzinfo
    now: datetime


def compile_template(source: str, names: Set[str], locale: Locale) -> Template:
    """A template that was checked, also where no sample would come by.

    Args:
        source: Jinja2, with the filters `money(currency)`, `time`, `number` and `plural(one=..., other=...)`.
        names: all that it may use; the values of those that can be absent are None then.
        locale: the language that it is written in.

    Raises:
        TemplateError: it is no template, or uses what there is not.
    """
    tree = _JINJA.parse(source)
    if unknown := meta.find_undeclared_variables(tree) - names:
        raise TemplateError(f"uses {min(unknown)!r}, which is not among the kind's needs and may")
    forms = locale.plural_form.tags | {"other"}
    for used in tree.find_all((nodes.Filter, nodes.Test)):
        if used.name not in (_JINJA.filters if isinstance(used, nodes.Filter) else _JINJA.tests):
            raise TemplateError(f"uses {used.name!r}, which there is not")
        if used.name == "plural" and {pair.key for pair in used.kwargs} != forms:
            raise TemplateError(f"a plural in this language has the forms {', '.join(sorted(forms))}")
    return _JINJA.from_string(source)


# RFC 5646 § 2.1 in outline; what has more parts is nobody's language.
_TAG = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,6}", re.ASCII)


def locale_of(tag: str) -> Locale | None:
    """The locale of a language tag such as `en-GB`; None if it is no tag, or a language that CLDR does not know."""
    try:
        return Locale.parse(tag, sep="-") if _TAG.fullmatch(tag) else None
    except (ValueError, UnknownLocaleError):
        return None


def broader(tag: str) -> list[str]:
    """A tag and those that it is a part of, the narrowest first: zh-Hant-TW, zh-Hant, zh (RFC 4647 § 3.4)."""
    parts = tag.split("-", 7)
    return ["-".join(parts[:end]) for end in range(len(parts), 0, -1)]


@lru_cache(maxsize=1024)
def zone_of(name: str) -> tzinfo:
    """The time zone with an IANA name; UTC if there is none."""
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError):  # a folder of zones, a path, no zone at all
        return UTC


_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


# Babel takes 10 to 20 µs for each of these, and what is told at one time is much alike.
@lru_cache(maxsize=4096)
def _money(amount: Decimal, currency: str, locale: Locale) -> str:
    # Unrounded: digits that the currency has not are the sender's mistake, but nobody is told another amount.
    text = format_currency(amount, currency, locale=locale, decimal_quantization=False)
    # "CHF 5", not "CHF5": the spacing of UTS 35 part 3 § 2.3, which Babel leaves out.
    return _LETTER_BESIDE_DIGIT.sub("\u00a0", text)


@lru_cache(maxsize=4096)
def _number(number: int, locale: Locale) -> str:
    return format_decimal(number, locale=locale)


@lru_cache(maxsize=4096)
def _time(minute: datetime, dated: bool, locale: Locale) -> str:
    time = format_time(minute, "short", locale=locale)
    if not dated:
        return time
    date = format_skeleton("MMMMd", minute, locale=locale)
    return str(get_datetime_format(locale=locale)).replace("'", "").replace("{0}", time).replace("{1}", date)


@pass_context
def _format_money(context: Context, amount: Decimal, currency: str) -> str:
    _present(currency)  # Babel would write "None"
    return _money(amount, currency, context["reader"].locale)


@pass_context
def _format_number(context: Context, number: int) -> str:
    return _number(number, context["reader"].locale)


@pass_context
def _format_time(context: Context, moment: datetime) -> str:
    reader: Reader = context["reader"]
    local = moment.astimezone(reader.zone)
    dated = local.date() != reader.now.astimezone(reader.zone).date()
    return _time(local.replace(second=0, microsecond=0, tzinfo=None), dated, reader.locale)


@pass_context
def _plural(context: Context, number: int, **forms: str) -> str:
    form = context["reader"].locale.plural_form(number)
    return forms.get(form, forms["other"])  # a region may have forms of its own: pt-PT


def _present(value: object) -> object:
    if value is None:
        raise TemplateError("prints what can be absent; it must be in an `if`")
    return value


_JINJA = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, finalize=_present)
_JINJA.globals.clear()  # no functions
del _JINJA.filters["random"]  # the same values make the same text
_JINJA.filters |= {"money": _format_money, "number": _format_number, "time": _format_time, "plural": _plural}
