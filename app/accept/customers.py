"""Customers, as the company's other systems tell us of them."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from app.dto import CustomerDTO
from app.models import Customer
from app.validation import without_nul

# BCP 47 (RFC 5646 § 2.1), as far as languages of notifications go: `en`, `pt-BR`, `zh-Hant-TW`.
LANGUAGE_PATTERN = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise PydanticCustomError("time_zone", "must be an IANA time zone such as Europe/Berlin")
    return name


Name = Annotated[str, Field(max_length=100), AfterValidator(without_nul)]


class CustomerBody(BaseModel):
    """The body of `PUT /customers/{id}`. What is absent gets its default."""

    model_config = ConfigDict(extra="forbid", strict=True)

    first_name: Name = ""
    middle_name: Name = ""
    last_name: Name = ""
    email: Annotated[str, Field(max_length=254), AfterValidator(without_nul)] = ""
    phone: Annotated[str, Field(max_length=32), AfterValidator(without_nul)] = ""
    login: Name = ""
    language: Annotated[str, Field(max_length=35, pattern=LANGUAGE_PATTERN)] = "en"
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "UTC"


CUSTOMER_BODY: TypeAdapter[CustomerBody] = TypeAdapter(CustomerBody)


async def put(customer_id: int, body: CustomerBody) -> tuple[CustomerDTO, bool]:
    """Writes a customer down; returns it, and whether it is new."""
    customer, created = await Customer.update_or_create(id=customer_id, defaults=body.model_dump())
    return _dto(customer), created


async def get(customer_id: int) -> CustomerDTO | None:
    customer = await Customer.get_or_none(id=customer_id)
    return None if customer is None else _dto(customer)


def _dto(customer: Customer) -> CustomerDTO:
    names = (customer.first_name, customer.middle_name, customer.last_name)
    return CustomerDTO(
        id=customer.id,
        first_name=customer.first_name,
        middle_name=customer.middle_name,
        last_name=customer.last_name,
        full_name=" ".join(name for name in names if name),
        email=customer.email,
        phone=customer.phone,
        login=customer.login,
        language=customer.language,
        time_zone=customer.time_zone,
    )
