"""A browser before a page: what came to it is compared with what the model says."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from app import position as positions
from tests.model.model import Page
from tests.model.world import Opened, channel_of


@dataclass(eq=False)
class Seat:
    """A connection, and the model's page of it.

    Attributes:
        topics: for which its URL asks.
        after: the position that it came with; None: an id that is not one of ours.
        looked: how many of its arrivals have been compared.
        seen: how many of them were events of its channels.
        newest: the position of the last of them.
        told_of_gap: whether it was told that history is gone.
    """

    browser: Opened
    page: Page
    topics: Sequence[str]
    after: int | None
    looked: int = 0
    seen: int = 0
    newest: int = 0
    told_of_gap: bool = False

    def compare(self, pruned_to: int) -> list[str]:
        """What has come since the last look is what was to come next, and positions rise; returns the ids that came.

        Args:
            pruned_to: up to where history may be gone.
        """
        ids: list[str] = []
        arrivals = self.browser.arrivals
        for arrival in arrivals[self.looked :]:
            kind = arrival.event.event
            if kind == "drain":
                continue
            if kind == "synced":
                self._compare_synced(arrival.data, arrival.position)
            elif kind == "gap":
                self._compare_gap(arrival.data, arrival.position, pruned_to)
            else:
                self._compare_event(kind, arrival.data, arrival.position)
            self.newest = arrival.position
            ids.append(arrival.id)
        self.looked = len(arrivals)
        return ids

    def _compare_synced(self, data: dict[str, Any], position: int) -> None:
        assert position >= self.newest
        assert data["replayed"] == self.seen
        assert self.after is not None or self.told_of_gap, "it was not told that its id is none of ours"

    def _compare_gap(self, data: dict[str, Any], position: int, pruned_to: int) -> None:
        reason = "unknown" if self.after is None else "pruned"
        assert data == {"reason": reason, "oldest": positions.show(position), "inbox": "/inbox"}
        if self.after is None:
            assert (self.seen, self.told_of_gap) == (0, False), "it comes first, and once"
        else:  # again, if more was forgotten of what it still lacks: the window went on meanwhile
            assert max(self.after, self.newest) < position <= pruned_to, "nothing that it lacks was forgotten"
            self.page.forget(position)
        self.told_of_gap = True

    def _compare_event(self, kind: str, data: dict[str, Any], position: int) -> None:
        assert position > self.newest, f"{kind} at {position} does not rise"
        self.page.see(kind, receipt(**data) if kind == "receipt" else data["uid"], position)
        assert kind != "notification" or channel_of(data) in self.page.channels
        self.seen += 1


def receipt(received: Collection[str], read: Collection[str], unread_count: int) -> Hashable:
    """What a receipt says, in whatever order."""
    return frozenset(received), frozenset(read), unread_count
