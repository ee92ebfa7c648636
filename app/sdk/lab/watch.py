"""A watch over several customers' apps: what each has shown, when, and whether it is what it should have shown.

    with Watch(service, {"Anna": 41, "Boris": 42}) as watch:
        watch.expect(sender.send(receiver_id=41, title_text="Hello"))
        watch.table()  # Anna saw it after 4 ms
        watch.tally()  # and Boris saw nothing

Times of arrival are this machine's, those of sending the service's: a difference of clocks is in all of them.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from app import position as positions
from app.sdk import shown
from app.sdk.calls import Sent
from app.sdk.deployment import Deployment
from app.sdk.errors import BadParameter
from app.sdk.events import Connected, Disconnected, Event, Notification, Retract, Synced
from app.sdk.receiver import Receiver

if TYPE_CHECKING:
    import pandas as pd

WITHIN_SECONDS = 10.0
POLL_SECONDS = 0.01
MILLISECOND = timedelta(milliseconds=1)
NEVER = "never"
CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Expected:
    """What somebody should see. `what` names it in tables and plots; None: its title does."""

    sent: Sent
    what: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """One connection of an app.

    Attributes:
        first_at, last_at: the answer, and the last thing that came (so a link that was silently dead is not in it).
        synced_at: when all that was missed had come; None: never.
        replayed: notifications that had been missed and came.
        is_open: it has not ended.
    """

    first_at: datetime
    last_at: datetime
    synced_at: datetime | None
    replayed: int
    is_open: bool


@dataclass
class Screen:
    """A customer's app, and all events that it had.

    Attributes:
        expected: by uid, in the order of sending.
    """

    customer_id: int
    receiver: Receiver | None = None
    events: list[Event] = field(default_factory=list)
    expected: dict[str, Expected] = field(default_factory=dict)

    @property
    def last_event_id(self) -> str:
        """Of what was looked at; the receiver's own may be of an event that arrived since and is still to be taken."""
        return next((event.position for event in reversed(self.events) if hasattr(event, "position")), "")

    @property
    def shown(self) -> list[Notification]:
        return [event for event in self.events if isinstance(event, Notification)]

    @property
    def first_shown(self) -> dict[str, Notification]:
        """By uid; of what was shown twice the first."""
        return {each.uid: each for each in reversed(self.shown)}

    @property
    def missing(self) -> list[Expected]:
        seen = {each.uid for each in self.shown}
        return [expected for uid, expected in self.expected.items() if uid not in seen]

    @property
    def connections(self) -> list[Connection]:
        """In their order."""
        found: list[list[Event]] = []
        for event in self.events:
            if isinstance(event, Connected):
                found.append([])
            if found:
                found[-1].append(event)
        return [_connection(events) for events in found]

    def live_after(self, moment: datetime) -> datetime | None:
        """When, after a moment, it was first up to date again."""
        return next((each.synced_at for each in self.connections if each.synced_at and each.synced_at > moment), None)

    def look(self) -> None:
        if self.receiver is not None:
            self.events += self.receiver.arrived()

    def tally(self) -> dict[str, int]:
        uids = [each.uid for each in self.shown]
        order = [positions.parse(each.position) or 0 for each in self.shown]
        return {
            "expected": len(self.expected),
            "seen": len(self.expected) - len(self.missing),
            "missing": len(self.missing),
            "twice": sum(times - 1 for times in Counter(uids).values()),
            "out of order": sum(later < earlier for earlier, later in pairwise(order)),
            "meant for others": len(set(uids) - self.expected.keys()),
        }


class Watch:
    """Opens the apps of customers, by name, and keeps all that they show. Used with `with`.

    Args:
        service: where they are customers.
        people: names, and customers' ids.
        within_seconds: how long to wait for what should arrive.

    Attributes:
        screens: by name.
    """

    def __init__(self, service: Deployment, people: Mapping[str, int], within_seconds: float = WITHIN_SECONDS) -> None:
        self.screens = {name: Screen(customer_id) for name, customer_id in people.items()}
        self._service = service
        self._within_seconds = within_seconds

    def open(self, name: str, *, url: str | None = None, last_event_id: str = "") -> Receiver:
        """Opens somebody's app; `url`: another way to the service.

        Raises: what `Receiver.open` does.
        """
        screen = self._screen(name)
        token = self._service.token(f"customer:{screen.customer_id}")
        receiver = Receiver(url or self._service.url, token, last_event_id=last_event_id)
        receiver.__enter__()
        screen.receiver = receiver
        return receiver

    def shut(self, name: str) -> str:
        """Closes somebody's app; the id of the last event that it has shown, to open it again with."""
        screen = self._screen(name)
        screen.look()
        if screen.receiver is not None:
            screen.receiver.close()
            screen.events.append(Disconnected(CLOSED, 0, datetime.now(UTC)))
            screen.receiver = None
        return screen.last_event_id

    def expect(self, sent: Iterable[Sent], *names: str, what: str | None = None) -> None:
        """Says who should see what: `names`; nobody named: those to whom it was sent."""
        for each in sent:
            for name in names or self._addressed(each):
                self._screen(name).expected[each.uid] = Expected(each, what)

    def look(self) -> None:
        """Takes over what has arrived meanwhile."""
        for screen in self.screens.values():
            screen.look()

    def wait(self) -> None:
        """Waits until everybody with an open app has seen what they should; gives up in time: the tables tell."""
        self.wait_until(lambda: not any(each.missing for each in self.screens.values() if each.receiver))

    def wait_until(self, is_so: Callable[[], object]) -> None:
        """Looks until something is so; gives up in time."""
        give_up_at = time.monotonic() + self._within_seconds
        self.look()
        while not is_so() and time.monotonic() < give_up_at:
            time.sleep(POLL_SECONDS)
            self.look()

    def wait_live(self, after: datetime, *names: str) -> None:
        """Waits until some apps (nobody named: all that are open) have, after a moment, all that they had missed."""
        screens = [self._screen(name) for name in names] or [each for each in self.screens.values() if each.receiver]
        self.wait_until(lambda: all(each.live_after(after) for each in screens))

    def retracted(self, uid: str) -> dict[str, datetime]:
        """From whose screens a notification was taken, and when."""
        self.look()
        return {
            name: event.received_at
            for name, screen in self.screens.items()
            for event in screen.events
            if isinstance(event, Retract) and event.uid == uid
        }

    def latencies_ms(self, but: Iterable[Sent] = ()) -> list[float]:
        """How long each took from its acceptance to the screen that it was meant for; `but`: those do not count."""
        left_out = {each.uid for each in but}
        return [
            (seen.received_at - seen.date_sent) / MILLISECOND
            for screen in self.screens.values()
            for uid, seen in screen.first_shown.items()
            if uid in screen.expected.keys() - left_out
        ]

    def table(self, sent: Sequence[Sent] | None = None) -> pd.DataFrame:
        """Who saw what and when: of some notifications, or of all. Waits for those that should come."""
        import pandas as pd  # noqa: PLC0415  # see app.sdk.frame

        self.wait()
        wanted = None if sent is None else {each.uid for each in sent}
        rows = [
            row
            for name, screen in self.screens.items()
            for uid, row in _rows(name, screen)
            if wanted is None or uid in wanted
        ]
        rows.sort(key=lambda row: row[0])
        columns = ["who", "title", "sent at", "arrived after"]
        return pd.DataFrame([row[1:] for row in rows], columns=columns).set_index("who")

    def absences(self) -> pd.DataFrame:
        """Each time that an app was not connected: for how long, what it missed, and how soon it had that."""
        import pandas as pd  # noqa: PLC0415  # see app.sdk.frame

        self.look()
        rows = [row for name, screen in self.screens.items() for row in _absences(name, screen)]
        return pd.DataFrame(rows, columns=["who", "away for", "missed", "had it all after"]).set_index("who")

    def tally(self) -> pd.DataFrame:
        """How many notifications each should have seen, has seen, and how."""
        import pandas as pd  # noqa: PLC0415  # see app.sdk.frame

        self.look()
        table = pd.DataFrame({name: screen.tally() for name, screen in self.screens.items()}).T
        return table.rename_axis("who")

    def close(self) -> None:
        for name in self.screens:
            self.shut(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _screen(self, name: str) -> Screen:
        if name not in self.screens:
            raise BadParameter("name", name, f"be one of {', '.join(self.screens)}")
        return self.screens[name]

    def _addressed(self, sent: Sent) -> list[str]:
        return [name for name, screen in self.screens.items() if screen.customer_id == sent.receiver_id]


def _rows(name: str, screen: Screen) -> list[tuple[str, tuple[datetime, str, str, str, str]]]:
    seen = screen.first_shown
    rows = []
    for uid, each in screen.expected.items():
        if uid not in seen:
            title, moment = each.what or each.sent.event, each.sent.date_sent
            rows.append((uid, (moment, name, title, _clock(moment), NEVER)))
    for uid, notification in seen.items():
        moment = notification.date_sent
        after = shown.duration((notification.received_at - moment) / MILLISECOND)
        rows.append((uid, (moment, name, notification.title_text, _clock(moment), after)))
    return rows


def _absences(name: str, screen: Screen) -> list[tuple[str, str, int, str]]:
    return [
        (
            name,
            shown.duration((back.first_at - gone.last_at) / MILLISECOND),
            back.replayed,
            NEVER if back.synced_at is None else shown.duration((back.synced_at - back.first_at) / MILLISECOND),
        )
        for gone, back in pairwise(screen.connections)
    ]


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%H:%M:%S.%f}"[:-3]


def _connection(events: Sequence[Event]) -> Connection:
    came = [event for event in events if not isinstance(event, Disconnected)]
    synced = next((event for event in came if isinstance(event, Synced)), None)
    return Connection(
        first_at=came[0].received_at,
        last_at=came[-1].received_at,
        synced_at=None if synced is None else synced.received_at,
        replayed=sum(isinstance(event, Notification) and event.replayed for event in came),
        is_open=len(came) == len(events),
    )
