"""What each customer of a day should have been told, worked out from what was said, apart from the service.

A test tells it of each step, in the order in which it takes them: what was said and what the sender was answered, who
comes and goes, what was taken back. It knows the rules that the service promises, and none of its code.
"""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from difflib import unified_diff
from typing import Any, Literal, NamedTuple

from tests.support.words import Words

# What comes at once comes in the order in which it was said. So does what waits for its time, and what waits for quiet
# hours to end; but nobody can say between which of the others.
When = Literal["at once", "scheduled", "held"]
Text = tuple[str, str]
PARTIES = ("customer_id", "courier_id", "kitchen_id")


class Span(NamedTuple):
    """From when to when a request lasted."""

    began: datetime
    ended: datetime


@dataclass(eq=False)
class Said:
    """What a sender has said, to one customer or to a topic.

    Attributes:
        event: its kind.
        address: `receiver_id` or `topic`.
        texts: title and body, as they are when the request begins and when it ends: midnight may lie between.
        span: the request's.
        uid, position: as the sender was answered.
        tells: whom, and how.
        retracted: it was taken back, or replaced while it was held.
    """

    event: str
    address: dict[str, Any]
    texts: tuple[Text, Text]
    data: dict[str, Any]
    priority: str
    send_at: datetime | None
    expires_at: datetime | None
    collapse_key: str | None
    span: Span
    uid: str
    position: str | None
    tells: list[Told] = field(default_factory=list)
    retracted: bool = False


class Told(NamedTuple):
    """What was said, as one customer gets it.

    Attributes:
        address: the customer's own also of what was said to a topic in their quiet hours: a copy.
        when: it is pushed.
        held: quiet hours delay it.
        muted: it is in the inbox and not pushed.
    """

    said: Said
    address: dict[str, Any]
    when: When
    held: bool
    muted: bool

    @property
    def is_copy(self) -> bool:
        return self.address != self.said.address


class Retraction(NamedTuple):
    """What pages are told when something is taken back."""

    said: Said


@dataclass(eq=False)
class Reader:
    """A customer, and what they should have got.

    Attributes:
        is_here: has pages open.
        pushed: what their pages show, or will show once it has waited.
        retractions: the uids that their pages were told are taken back.
        missed: what was carried while they were away.
        inbox: all that is for them.
    """

    number: int
    language: str
    time_zone: str
    mutes: frozenset[str]
    is_quiet: bool
    is_here: bool = False
    pushed: list[Told] = field(default_factory=list)
    retractions: list[str] = field(default_factory=list)
    missed: list[Told | Retraction] = field(default_factory=list)
    inbox: list[Told] = field(default_factory=list)


class Promise:
    """The books of a day.

    Attributes:
        subscribers: by topic; those of orders' topics are the members of orders that have not ended.
    """

    def __init__(self, words: Words) -> None:
        self.words = words
        self.readers: dict[int, Reader] = {}
        self.said: dict[str, Said] = {}
        self.subscribers: defaultdict[str, set[int]] = defaultdict(set)
        self._parties: defaultdict[str, dict[str, int]] = defaultdict(dict)
        self._over: set[str] = set()

    # -- What happens -------------------------------------------------------------------------------

    def happened(self, event: Mapping[str, Any], answer: Mapping[str, Any], span: Span) -> Said:
        """An event of an order or a warehouse, and what it was answered."""
        kind = self.words.kinds[event["event"]]
        to, order_id = kind.get("to", "customer"), event.get("order_id")
        number = event.get(f"{to}_id")
        if order_id is not None:
            self._takes_part(order_id, event, kind.get("ends_order", False))
            number = number or self._parties[order_id].get(f"{to}_id")
        reader = self.readers.get(number or 0)
        language, time_zone = (reader.language, reader.time_zone) if reader else (event.get("language", "en"), "UTC")
        data = event.get("data", {})
        before, after = (self.words.say(event["event"], order_id, data, language, time_zone, moment) for moment in span)
        return self._say(
            event["event"],
            {"topic": event.get("topic", event["event"])} if number is None else {"receiver_id": number},
            (before, after),
            data if order_id is None else data | {"order_id": order_id},
            answer,
            span,
            priority=kind.get("priority", "normal"),
            send_at=event.get("send_at"),
            expires_at=event.get("expires_at"),
            collapse_key=f"{order_id}:{event['event']}" if kind.get("collapses") else None,
        )

    def written(self, draft: Mapping[str, Any], answer: Mapping[str, Any], span: Span) -> Said:
        """A notification to a topic as its sender wrote it, and what it was answered."""
        text = (draft["title_text"], draft["body_text"])
        return self._say(draft["event"], {"topic": draft["topic"]}, (text, text), draft["data"], answer, span)

    def comes(self, number: int) -> None:
        """Opens pages that ask for all that was missed; what was replaced or taken back meanwhile is no part of it."""
        reader = self.readers[number]
        reader.is_here = True
        missed, reader.missed = reader.missed, []
        missed = [each for each in missed if self._follows(number, each.said.address)]
        reader.retractions += [each.said.uid for each in missed if isinstance(each, Retraction)]
        told = [each for each in missed if isinstance(each, Told)]
        reader.pushed += _standing(told)

    def leaves(self, number: int) -> None:
        self.readers[number].is_here = False

    def took_back(self, said: Said, *, announced: bool) -> None:
        """What was said is taken back.

        Args:
            announced: pages are told, because it was carried or was about to be.
        """
        said.retracted = True
        for reader in self.readers.values() if announced else ():
            if self._follows(reader.number, said.address):
                if reader.is_here:
                    reader.retractions.append(said.uid)
                else:
                    reader.missed.append(Retraction(said))

    # -- What is promised ---------------------------------------------------------------------------

    def pushed(self, number: int) -> list[Told]:
        """What the customer's pages have shown."""
        pushed = self.readers[number].pushed
        return [each for each in pushed if each.when == "at once" or not each.said.retracted]

    def inbox(self, number: int) -> list[Told]:
        """What the customer's inbox holds, the oldest first."""
        return _standing([each for each in self.readers[number].inbox if self._follows(number, each.address)])

    def report(self) -> dict[str, dict[str, int]]:
        """What `GET /reports` counts of each kind of event when nothing waits any more, but for receipts."""
        report: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for said in self.said.values():
            waited_in_vain = said.retracted and said.position is None
            report[said.event].update(
                sent=1,
                receivers=len(said.tells),
                carried=not waited_in_vain,
                muted=sum(each.muted for each in said.tells),
                held=sum(each.held for each in said.tells),
                retracted=said.retracted,
            )
        return {event: dict(counts) for event, counts in report.items()}

    def differences(self, told: Sequence[Told], got: Sequence[Mapping[str, Any]]) -> str:
        """What is not as promised: empty, or a diff with a line for each notification.

        Args:
            told: what should be there.
            got: what is there, in the order of the log.
        """
        texts = {each["uid"]: (each["title_text"], each["body_text"]) for each in got}
        waiting = {when: deque(each for each in told if each.when == when) for when in ("at once", "scheduled", "held")}
        when_of = {each.said.uid: each.when for each in told}
        ordered: list[Told] = []
        for each in got:
            queue = waiting[when_of.get(each["uid"], "held")]
            if queue:
                ordered.append(queue.popleft())
        ordered += [each for queue in waiting.values() for each in queue]
        promised = [_line_of_told(each, texts) for each in ordered]
        found = [_line_of_got(each, each["uid"] in self.said) for each in got]
        return "\n".join(unified_diff(promised, found, "promised", "found", n=2, lineterm=""))

    # -- Inside -------------------------------------------------------------------------------------

    def _say(
        self,
        event: str,
        address: dict[str, Any],
        texts: tuple[Text, Text],
        data: dict[str, Any],
        answer: Mapping[str, Any],
        span: Span,
        *,
        priority: str = "normal",
        send_at: str | None = None,
        expires_at: str | None = None,
        collapse_key: str | None = None,
    ) -> Said:
        uid, position = answer["uid"], answer["position"]
        date_sent = answer["date_sent"]
        assert answer == {"uid": uid, "position": position, "event": event, **address, "date_sent": date_sent}
        said = Said(
            event,
            address,
            texts,
            data,
            priority,
            None if send_at is None else datetime.fromisoformat(send_at),
            None if expires_at is None else datetime.fromisoformat(expires_at),
            collapse_key,
            span,
            uid,
            position,
        )
        self.said[uid] = said
        for number in sorted(self.readers):
            if self._follows(number, address):
                self._tell(self.readers[number], said)
        return said

    def _tell(self, reader: Reader, said: Said) -> None:
        muted = said.priority != "high" and said.event in reader.mutes
        held = said.priority != "high" and reader.is_quiet and not muted
        if reader.is_quiet and said.collapse_key is not None:
            for earlier in reader.inbox:
                if earlier.when == "held" and earlier.said.collapse_key == said.collapse_key:
                    earlier.said.retracted = True  # what a newer one has made out of date is not released
        when: When = "at once"
        if said.send_at is not None and said.position is None:
            when = "scheduled"
        elif held:
            when = "held"
        told = Told(said, {"receiver_id": reader.number} if held else said.address, when, held, muted)
        said.tells.append(told)
        reader.inbox.append(told)
        if not muted:
            # What waits comes to the pages in any case: if not when it is carried, then when they open.
            (reader.pushed if reader.is_here or when != "at once" else reader.missed).append(told)

    def _takes_part(self, order_id: str, event: Mapping[str, Any], ends: bool) -> None:
        parties = self._parties[order_id]
        if order_id not in self._over:
            parties.update({name: event[name] for name in PARTIES if name in event})
            self.subscribers[f"order:{order_id}"] = set() if ends else set(parties.values())
        if ends:
            self._over.add(order_id)

    def _follows(self, number: int, address: Mapping[str, Any]) -> bool:
        return number in self.subscribers[address["topic"]] if "topic" in address else number == address["receiver_id"]


def _standing(told: Sequence[Told]) -> list[Told]:
    """Without what was taken back, and without what a newer one has replaced."""
    newest = {(str(each.address), each.said.collapse_key): each for each in told}
    return [
        each
        for each in told
        if not each.said.retracted
        and (each.said.collapse_key is None or newest[str(each.address), each.said.collapse_key] is each)
    ]


def _line_of_told(told: Told, texts: Mapping[str, Text]) -> str:
    said = told.said
    found = texts.get(said.uid)
    text = found if found in said.texts else said.texts[0]
    return _line(
        "copy" if told.is_copy else said.uid,
        said.event,
        told.address,
        text,
        said.priority,
        told.muted,
        said.data,
        said.expires_at,
        said.collapse_key,
    )


def _line_of_got(got: Mapping[str, Any], is_known: bool) -> str:
    address = {name: got[name] for name in ("receiver_id", "topic") if name in got}
    expires_at = datetime.fromisoformat(got["expires_at"]) if "expires_at" in got else None
    return _line(
        got["uid"] if is_known else "copy",
        got["event"],
        address,
        (got["title_text"], got["body_text"]),
        got["priority"],
        got.get("muted", False),
        got["data"],
        expires_at,
        got.get("collapse_key"),
    )


def _line(
    uid: str,
    event: str,
    address: Mapping[str, Any],
    text: Text,
    priority: str,
    muted: bool,
    data: Mapping[str, Any],
    expires_at: datetime | None,
    collapse_key: str | None,
) -> str:
    (receiver,) = address.values()
    more = [f"until {expires_at:%d %H:%M:%S.%f}"] if expires_at else []
    more += [f"replaces {collapse_key}"] if collapse_key else []
    return " | ".join(
        [
            f"{event} to {receiver}: {text[0]!r}",
            repr(text[1]),
            priority + (", muted" if muted else ""),
            *more,
            str(dict(sorted(data.items()))),
            uid,
        ]
    )
