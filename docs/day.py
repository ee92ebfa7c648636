"""Makes app/web/static/day.json, a scripted day of a delivery service. Run it by hand: python docs/day.py

From 10:00 to 23:00 two hundred orders go through every kind of event of the catalogue, in the languages of those who
are told. The console plays it (`app/web/static/player.js`), tests and notebooks may. The same seed makes the same day.

What stands in it:

- `begins`, `ends`: seconds since midnight.
- `customers`, `kitchens`, `couriers`, `warehouses`: an `id`, and the body of `PUT /customers/{id}`.
- `events`: in the order of time. A line is an event of `POST /order-events` without the moment in which it is played.

How a line becomes an event when it is played at a moment `now`, `speed` times as fast as in life, in a play with a
`prefix` of its own (`app/web/static/day.js` does it):

- `at`, the seconds since `begins`, is left out: it says when the event is due.
- `order_id`, a number, becomes the prefix followed by it, for an event happens to an order only once.
- `send_in` becomes `send_at`: now and so many seconds divided by the speed. What the service waits for goes as fast
  as the play; as fast as possible it waits for nothing, and `send_at` is now.
- `expires_in` becomes `expires_at`, and `data.eta_in` becomes `data.eta`: now and so many seconds, whatever the speed.
  People read as slowly as in life, and what they read says what it would say then.
- Everything else stays as it is. A line names those who join an order; later lines of the order do not repeat them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, Literal, TypeVar

FILE = Path(__file__).parents[1] / "app" / "web" / "static" / "day.json"

SEED = 2026
BEGINS, ENDS = 10 * 3600, 23 * 3600
LAST_ORDER = 21 * 3600 + 40 * 60
MINUTE = 60

ORDERS = 200
CANCELLED = 12
DELAYED = 24
DELAYED_TWICE = 8
PAID_ON_REQUEST = 30

Line = dict[str, Any]
Stage = Literal["waiting", "cooking", "riding"]
STAGES: tuple[Stage, ...] = ("waiting", "cooking", "riding")
Item = TypeVar("Item")


# -- People and places ------------------------------------------------------------------------------


@dataclass(frozen=True)
class City:
    """What is alike for all who share a language."""

    language: str
    zones: tuple[tuple[str, str], ...]  # with the currency in which is paid there
    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    kitchens: tuple[tuple[str, tuple[str, ...]], ...]  # with what they cook
    prices: tuple[int, int, int]  # of an order: least, most, step
    courier_names: tuple[str, ...]
    warehouse: str
    products: tuple[str, ...]
    delays: tuple[str, ...]
    cancellations: dict[Stage, str]
    notices: tuple[tuple[str, str], ...]


ENGLISH = City(
    "en",
    (
        ("Europe/London", "GBP"),
        ("Europe/Berlin", "EUR"),
        ("America/New_York", "USD"),
        ("Europe/Dublin", "EUR"),
        ("Asia/Singapore", "SGD"),
        ("America/Chicago", "USD"),
        ("Australia/Sydney", "AUD"),
        ("Asia/Kolkata", "INR"),
    ),
    ("Alice", "Ben", "Chloe", "Daniel", "Emma", "Farid", "Grace", "Henry", "Isla", "Jack", "Kavya", "Liam", "Maya"),
    ("Archer", "Baker", "Costa", "Doyle", "Evans", "Flynn", "Gupta", "Hughes", "Ito", "Jensen", "Kaur"),
    (
        ("Trattoria Nonna", ("Margherita", "Lasagne", "Tiramisu", "Lemonade")),
        ("Green Bowl", ("Falafel bowl", "Salmon bowl", "Ginger tea")),
        ("Bombay Kitchen", ("Butter chicken", "Dal", "Garlic naan", "Mango lassi")),
        ("Burger Yard", ("Cheeseburger", "Veggie burger", "Fries", "Cola")),
    ),
    (990, 5890, 10),
    ("Mara", "Tom", "Priya", "Lukas", "Aisha", "Sean"),
    "Warehouse South",
    ("Mozzarella", "Burger buns", "Salmon fillet", "Paper bags", "Basmati rice"),
    (
        "Mill Street is closed.",
        "There are more orders than usual.",
        "The first try was not good enough for us, so the kitchen makes it again.",
        "It is raining, and our couriers drive carefully.",
    ),
    {
        "waiting": "You cancelled it. Your money is on its way back.",
        "cooking": "The kitchen has run out of what you ordered. Your money is on its way back.",
        "riding": "The courier’s bike broke down. Your money is on its way back.",
    },
    (
        ("Good morning!", "All restaurants are open. Orders before noon are delivered free of charge."),
        ("Heavy rain", "Deliveries take about ten minutes longer this afternoon."),
        ("Last orders", "The kitchens take orders until 21:40."),
    ),
)

RUSSIAN = City(
    "ru",
    (
        ("Europe/Moscow", "RUB"),
        ("Europe/Moscow", "RUB"),
        ("Asia/Yekaterinburg", "RUB"),
        ("Europe/Samara", "RUB"),
        ("Asia/Novosibirsk", "RUB"),
        ("Europe/Kaliningrad", "RUB"),
        ("Asia/Vladivostok", "RUB"),
    ),
    ("Анна", "Мария", "Ольга", "Елена", "Дарья", "Софья", "Ирина", "Полина", "Вера", "Наталья", "Алиса"),
    ("Иванова", "Смирнова", "Кузнецова", "Попова", "Волкова", "Соколова", "Лебедева", "Новикова", "Морозова"),
    (
        ("Пельменная №1", ("Пельмени", "Борщ", "Морс")),
        ("Вкус Кавказа", ("Хачапури", "Шашлык", "Лобио", "Тархун")),
        ("Суши-бар Сакура", ("Филадельфия", "Калифорния", "Мисо-суп")),
        ("Блинная на Мясницкой", ("Блины с сёмгой", "Блины с творогом", "Чай")),
    ),
    (45000, 390000, 1000),
    ("Илья", "Тимур", "Никита", "Сергей", "Рустам", "Павел"),
    "Склад «Север»",
    ("Сметана", "Рис для суши", "Сыр сулугуни", "Бумажные пакеты", "Мука"),
    (
        "На Садовом кольце пробка.",
        "Сегодня заказов больше, чем обычно.",
        "Первая порция нам не понравилась, и повар готовит заново.",
        "Идёт дождь, и курьеры едут осторожно.",
    ),
    {
        "waiting": "Вы отменили заказ. Деньги уже возвращаются.",
        "cooking": "На кухне закончились продукты. Деньги уже возвращаются.",
        "riding": "У курьера сломался велосипед. Деньги уже возвращаются.",
    },
    (
        ("Доброе утро!", "Все рестораны открыты. До полудня доставка бесплатная."),
        ("Сильный дождь", "Сегодня днём доставка займёт примерно на десять минут больше."),
        ("Последние заказы", "Кухни принимают заказы до 21:40."),
    ),
)

CITIES = (ENGLISH, RUSSIAN)
CUSTOMERS = range(1, 61)  # by turns of the one and the other city
KITCHENS, COURIERS, WAREHOUSES = 9001, 9101, 9201  # the first of each
NOTICES_AT = (0, 16 * 3600 + 30 * 60 - BEGINS, 21 * 3600 - BEGINS)


# -- Chance -----------------------------------------------------------------------------------------


class Chance:
    """Draws made of `Random.random` alone: what else a Random does may change from one Python to the next."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def between(self, least: int, most: int) -> int:
        """A whole number, both ends included."""
        return least + int(self._random.random() * (most - least + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        return items[self.between(0, len(items) - 1)]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """So many different ones."""
        left = list(items)
        return [left.pop(self.between(0, len(left) - 1)) for _ in range(count)]

    def around(self, middle: int, spread: int) -> int:
        """About normally distributed: the sum of twelve draws has a variance of one (Irwin and Hall)."""
        return middle + int((sum(self._random.random() for _ in range(12)) - 6) * spread)


# -- Orders -----------------------------------------------------------------------------------------


@dataclass
class Courier:
    number: int
    name: str
    free_at: int = 0


@dataclass
class Order:
    """An order on its way through the day.

    Attributes:
        late: the stages in which it is.
        cancelled: the stage in which it is; None: it arrives.
        lines: what has happened to it so far.
    """

    number: int
    placed_at: int
    city: City
    customer: int
    kitchen: int
    pays_on_request: bool
    late: frozenset[Stage]
    cancelled: Stage | None
    lines: list[Line] = field(default_factory=list)

    @property
    def restaurant(self) -> str:
        return kitchen_of(self.kitchen)[0]

    @property
    def dishes(self) -> tuple[str, ...]:
        return kitchen_of(self.kitchen)[1]

    def happens(self, at: int, event: str, **more: Any) -> None:
        self.lines.append({"at": at, "event": event, "order_id": self.number, **more})

    def is_late(self, at: int, eta_in: int, chance: Chance) -> None:
        before = sum(line["event"] == "order.delayed" for line in self.lines)
        sequence = {"sequence": before} if before else {}
        self.happens(at, "order.delayed", **sequence, data={"eta_in": eta_in, "reason": chance.pick(self.city.delays)})

    def is_cancelled(self, at: int, stage: Stage) -> None:
        self.happens(at, "order.cancelled", data={"reason": self.city.cancellations[stage]})


def orders(chance: Chance) -> list[Order]:
    """All of the day, as they are placed."""
    times = sorted(placed_at(chance) for _ in range(ORDERS))
    times[0] = 20  # who watches a play need not wait for the first one
    unlucky = chance.some(range(1, ORDERS), CANCELLED + DELAYED)
    cancelled, late = unlucky[:CANCELLED], unlucky[CANCELLED:]
    on_request = set(chance.some(range(ORDERS), PAID_ON_REQUEST))
    return [
        order(
            index,
            at,
            # The console's page is signed in for customer 1: one order in ten is theirs.
            1 if index % 10 == 0 else chance.pick(CUSTOMERS),
            chance,
            pays_on_request=index in on_request,
            late=late_in(late.index(index)) if index in late else frozenset(),
            cancelled=STAGES[cancelled.index(index) % len(STAGES)] if index in cancelled else None,
        )
        for index, at in enumerate(times)
    ]


def order(index: int, at: int, customer: int, chance: Chance, **fate: Any) -> Order:
    city = city_of(customer)
    turn = chance.between(0, len(city.kitchens) - 1)
    return Order(1001 + index, at, city, customer, KITCHENS + CITIES.index(city) + len(CITIES) * turn, **fate)


def late_in(which: int) -> frozenset[Stage]:
    """Some are late twice, the others by turns in the kitchen and on the road."""
    if which < DELAYED_TWICE:
        return frozenset({"cooking", "riding"})
    return frozenset({STAGES[1 + which % 2]})


def placed_at(chance: Chance) -> int:
    """Half of them for dinner, a quarter for lunch, the others at any time."""
    while True:
        kind = chance.between(1, 4)
        if kind > 2:
            at = chance.around(19 * 3600 + 10 * MINUTE, 60 * MINUTE)
        elif kind > 1:
            at = chance.around(12 * 3600 + 50 * MINUTE, 40 * MINUTE)
        else:
            at = chance.between(BEGINS, LAST_ORDER)
        if BEGINS <= at <= LAST_ORDER:
            return at - BEGINS


def city_of(number: int) -> City:
    """Odd numbers are English."""
    return CITIES[(number + 1) % len(CITIES)]


def kitchen_of(number: int) -> tuple[str, tuple[str, ...]]:
    """A kitchen's name, and what it cooks."""
    return city_of(number).kitchens[(number - KITCHENS) // len(CITIES)]


def zone_of(customer: int) -> tuple[str, str]:
    """A customer's time zone and currency."""
    zones = city_of(customer).zones
    return zones[customer // len(CITIES) % len(zones)]


def cook(order: Order, chance: Chance) -> int | None:
    """From the order until it is ready; returns when, None if it never is."""
    at, where = order.placed_at, {"restaurant": order.restaurant}
    least, most, step = order.city.prices
    price = chance.between(least // step, most // step) * step
    paid = {"amount": f"{price // 100}.{price % 100:02}", "currency": zone_of(order.customer)[1]}
    order.happens(at, "order.placed", customer_id=order.customer, kitchen_id=order.kitchen, data={**where, **paid})
    if order.pays_on_request:
        order.happens(at + 2, "payment.requested", data=paid)
        at += chance.between(25, 150)
    at += chance.between(5, 40)
    order.happens(at, "payment.received", data=paid)
    at += chance.between(1, 4)
    order.happens(at, "order.created", data={**where, "items": chance.some(order.dishes, chance.between(1, 3))})
    at += chance.between(MINUTE, 4 * MINUTE)
    if order.cancelled == "waiting":
        order.is_cancelled(at, "waiting")
        return None
    order.happens(at, "order.preparing", data=where)
    takes = chance.between(3 * MINUTE, 15 * MINUTE)
    if order.cancelled == "cooking":
        order.is_cancelled(at + takes // 2, "cooking")
        return None
    if "cooking" in order.late:
        more = chance.between(8 * MINUTE, 20 * MINUTE)
        order.is_late(at + takes * 2 // 3, takes // 3 + more + 20 * MINUTE, chance)
        takes += more
    order.happens(at + takes, "order.ready", data=where)
    return at + takes


def bring(order: Order, ready_at: int, courier: Courier, chance: Chance) -> None:
    """From the kitchen to the door, and what is asked half an hour later."""
    name, where = {"courier_name": courier.name}, {"restaurant": order.restaurant}
    at = ready_at + chance.between(5, 90)
    order.happens(at, "delivery.assigned", courier_id=courier.number, data=where)
    order.happens(at + chance.between(1, 3), "courier.assigned", data=name)
    at += chance.between(2 * MINUTE, 6 * MINUTE)
    takes = chance.between(7 * MINUTE, 20 * MINUTE)
    order.happens(at, "order.out_for_delivery", data={"eta_in": takes + chance.between(0, 3) * MINUTE, **name})
    courier.free_at = at + takes
    if order.cancelled == "riding":
        order.is_cancelled(at + takes // 2, "riding")
        return
    if "riding" in order.late:
        more = chance.between(6 * MINUTE, 18 * MINUTE)
        order.is_late(at + takes // 2, takes - takes // 2 + more, chance)
        takes += more
    at += takes
    order.happens(at - chance.between(90, 180), "courier.nearby", expires_in=20 * MINUTE, data=name)
    order.happens(at, "order.delivered")
    order.happens(at + 5, "order.rate", send_in=30 * MINUTE, expires_in=48 * 3600, data=where)
    courier.free_at = at


# -- The day ----------------------------------------------------------------------------------------


def day() -> dict[str, Any]:
    """All that stands in the file."""
    chance = Chance(SEED)
    couriers = [
        Courier(number, city_of(number).courier_names[(number - COURIERS) // len(CITIES)])
        for number in range(COURIERS, COURIERS + 12)
    ]
    placed = orders(chance)
    ready = [(ready_at, order) for order in placed if (ready_at := cook(order, chance)) is not None]
    for ready_at, order in sorted(ready, key=lambda each: each[0]):
        bring(order, ready_at, next_free(couriers, order.city), chance)
    lines = [line for order in placed for line in order.lines] + list(notices()) + list(stock(chance))
    return {
        "begins": BEGINS,
        "ends": ENDS,
        "customers": [customer(number, chance) for number in CUSTOMERS],
        "kitchens": [place(number, kitchen_of(number)[0]) for number in range(KITCHENS, KITCHENS + 8)],
        "couriers": [place(courier.number, courier.name) for courier in couriers],
        "warehouses": [place(number, city_of(number).warehouse) for number in range(WAREHOUSES, WAREHOUSES + 2)],
        "events": sorted(lines, key=lambda line: line["at"]),
    }


def next_free(couriers: Sequence[Courier], city: City) -> Courier:
    """In the rush nobody is, and a courier who is on the road takes one more."""
    return min((each for each in couriers if city_of(each.number) is city), key=lambda each: each.free_at)


def customer(number: int, chance: Chance) -> Line:
    city = city_of(number)
    return {
        "id": number,
        "first_name": chance.pick(city.first_names),
        "last_name": chance.pick(city.last_names),
        "language": city.language,
        "time_zone": zone_of(number)[0],
    }


def place(number: int, name: str) -> Line:
    """Who works for the service: the numbers of the one and the other city take turns."""
    city = city_of(number)
    return {"id": number, "first_name": name, "language": city.language, "time_zone": city.zones[0][0]}


def notices() -> Iterator[Line]:
    """To all who have subscribed to the news of their language."""
    for index, at in enumerate(NOTICES_AT):
        for city in CITIES:
            title, body = city.notices[index]
            yield {
                "at": at,
                "event": "notice",
                "topic": f"news.{city.language}",
                "language": city.language,
                "data": {"title_text": title, "body_text": body},
            }


def stock(chance: Chance) -> Iterator[Line]:
    """What the warehouses run out of, from two hours after the begin on."""
    for number in range(WAREHOUSES, WAREHOUSES + 2):
        for product in city_of(number).products:
            at = chance.between(2 * 3600, LAST_ORDER - BEGINS)
            data = {"product": product, "quantity": chance.between(0, 6)}
            yield {"at": at, "event": "stock.low", "warehouse_id": number, "data": data}


def text() -> str:
    """The file: a person or an event on a line of its own, so that a change of the day can be read."""

    def dumped(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def listed(items: list[Line]) -> str:
        return "[\n" + ",\n".join(map(dumped, items)) + "\n]"

    members = (
        f"{dumped(name)}:{listed(value) if isinstance(value, list) else dumped(value)}" for name, value in day().items()
    )
    return "{" + ",\n".join(members) + "}\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
