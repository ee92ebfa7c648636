"""Customers, as the company's other systems tell us of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from app import database
from app.dto import CustomerDTO
from app.models import Customer
from app.steps import Statement, Steps
from app.validation import Language, TimeZone, without_nul

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
    language: Language = "en"
    time_zone: TimeZone = "UTC"


CUSTOMER_BODY: TypeAdapter[CustomerBody] = TypeAdapter(CustomerBody)


_DEFAULTS = CustomerBody().model_dump()
_DEFAULT_VALUES = ", ".join(f"'{value}'" for value in _DEFAULTS.values())


def add(customer_ids: Sequence[int]) -> Steps[None]:
    """Writes down those that were never heard of, with defaults."""
    if not customer_ids:
        return
    # Sorted: two processes that add the same customers in another order would wait for each other.
    yield Statement(
        f"INSERT INTO customer (id, {', '.join(_DEFAULTS)})"
        f" SELECT id, {_DEFAULT_VALUES} FROM {database.given(id='bigint')} AS given WHERE TRUE"
        " ON CONFLICT (id) DO NOTHING",
        [database.rows((each,) for each in sorted(customer_ids))],
    )


async def put(customer_id: int, body: CustomerBody) -> tuple[CustomerDTO, bool]:
    """Writes a customer down; returns it, and whether it is new."""
    async with database.transaction():  # `update_or_create` would begin one that is not safe against being cancelled
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
