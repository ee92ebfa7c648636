"""What each connection must see, in fifty lines: a list of what was said, and who listens to what."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from itertools import pairwise


@dataclass
class Said:
    """One event of the log.

    Attributes:
        what: the uid of a notification, or of the one that a `retract` takes back; what a `receipt` says.
        certain: whoever listens must see it, else they may: it came once more, when Redis had lost it.
    """

    kind: str
    what: Hashable
    channel: str
    position: int
    certain: bool = True


@dataclass(eq=False)
class Page:
    """An open connection: what it listens to, each channel with the position from which on, and what is to come."""

    customer: int
    asked: frozenset[str]
    channels: dict[str, int]
    coming: deque[tuple[Said, bool]] = field(default_factory=deque)  # and whether it must come

    def see(self, kind: str, what: Hashable, position: int) -> None:
        """Takes note of an event that came; fails if it is not the next."""
        while self.coming:
            said, is_certain = self.coming.popleft()
            if (said.kind, said.what) == (kind, what) and (kind != "notification" or said.position == position):
                said.position = position  # of all else it was not known
                return
            assert not is_certain, f"{kind} {what} came at {position}, and not {said}"
        raise AssertionError(f"{kind} {what} came at {position}, and nothing should")

    def forget(self, up_to: int) -> None:
        """The page was told that what came up to a position is gone."""
        self.coming = deque(each for each in self.coming if each[0].position > up_to)

    def missing(self) -> list[Said]:
        return [said for said, is_certain in self.coming if is_certain]


class Model:
    """The service, as a list. `pruned_to`: up to this position its history may be gone."""

    def __init__(self, pruned_to: int) -> None:
        self.pruned_to = pruned_to
        self.log: list[Said] = []
        self.pages: list[Page] = []
        self.subscriptions: dict[int, dict[str, int]] = {}
        self.taken_back: set[Hashable] = set()
        self.read: set[tuple[int, Hashable]] = set()

    def say(self, *events: Said) -> None:
        """Something happened, in this order: every open page that listens is to see it."""
        self.log += events
        for page in self.pages:
            page.coming += ((event, event.certain) for event in events if event.channel in page.channels)

    def take_back(self, said: Said, position: int) -> None:
        self.taken_back.add(said.what)
        self.say(Said("retract", said.what, said.channel, position))

    def prune(self, pruned_to: int) -> None:
        self.pruned_to = pruned_to
        for before, said in pairwise(each for each in self.log if each.kind != "receipt"):
            if before.position < pruned_to < said.position and said.kind == "retract":
                said.position = pruned_to  # of which only an upper bound was known

    def open(self, customer: int, asked: Collection[str], after: int) -> Page:
        """A page opens: what it has missed after a position comes first, without what was taken back."""
        page = Page(customer, frozenset(asked), self._own(customer) | dict.fromkeys(asked, 0))
        # Receipts are replayed from memory only.
        page.coming += (
            (said, said.certain and said.kind != "receipt")
            for said in self.log
            if said.position > max(after, page.channels.get(said.channel, said.position))
            and not (said.kind == "notification" and said.what in self.taken_back)
        )
        self.pages.append(page)
        return page

    def subscribe(self, customer: int, topic: str, position: int) -> None:
        for page in self.pages:
            if page.customer == customer:
                page.channels.setdefault(topic, position)
        self.subscriptions.setdefault(customer, {}).setdefault(topic, position)

    def unsubscribe(self, customer: int, topic: str) -> None:
        for page in self.pages:
            if page.customer == customer and topic not in page.asked:
                page.channels.pop(topic, None)
        self.subscriptions.setdefault(customer, {}).pop(topic, None)

    def inbox(self, customer: int) -> list[Said]:
        """What a customer's inbox shows, newest first."""
        own = self._own(customer)
        return [
            said
            for said in reversed(self.log)
            if said.kind == "notification" and said.certain and said.what not in self.taken_back
            and said.position > max(self.pruned_to, own.get(said.channel, said.position))
        ]  # fmt: skip

    def unread(self, customer: int) -> list[Said]:
        return [said for said in self.inbox(customer) if (customer, said.what) not in self.read]

    def _own(self, customer: int) -> dict[str, int]:
        return {str(customer): 0} | self.subscriptions.get(customer, {})
