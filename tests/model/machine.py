"""The state machine: what senders, customers and bad luck may do, each step done to the service and to the model."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import wraps
from typing import Any, NamedTuple

import click
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from app import position as positions
from tests.model.model import Model, Said
from tests.model.seat import Seat, receipt
from tests.model.world import World, position_of, until_seen
from tests.support.service import eventually

PAGES_MAX = 8
NOT_OURS = ["banana", "-1-0", "1700000000000", "1-1048576", "9" * 50, "1-0'; DROP TABLE notification"]
BEFORE_ALL = "1-0"

# To whom: digits are customers (several: `receiver_ids`), letters are topics.
ADDRESSES = st.sampled_from(["0", "1", "2", "a", "b", "01", "12", "012"])
REQUESTS = st.lists(st.lists(ADDRESSES, min_size=1, max_size=4), min_size=1, max_size=3)
WHOM = st.integers(0, 2)
ANY = st.integers(0, 999)
WEB = st.integers(0, 1)


class Beside(NamedTuple):
    """An id that was seen, counted from the first; `steps` positions beside it."""

    which: int
    steps: int


SINCE = st.one_of(
    st.just("now"), st.just("earliest"), st.builds(Beside, ANY, st.sampled_from([0, 0, -1])), st.sampled_from(NOT_OURS)
)
TOPICS = st.sampled_from(["", "a", "b", "ab"])
# Most only look: what takes long is rare.
TROUBLES = st.sampled_from([*["none"] * 32, *["prune"] * 4, *["wipe"] * 3, "restart"])


class Left(NamedTuple):
    """Where a browser was when it went."""

    customer: int
    topics: Sequence[str]
    last_id: str


def step(**given: Any) -> Callable[[Callable[..., None]], Any]:
    """A rule that counts how often it was followed; the steps up to one that fails are told, should it never again."""

    def decorate(function: Callable[..., None]) -> Any:
        @wraps(function)
        def counted(self: Machine, **drawn: Any) -> None:
            self.done[function.__name__] += 1
            self.steps.append(f"{function.__name__} {drawn}")
            try:
                function(self, **drawn)
            except AssertionError as error:
                click.echo("\n".join([*self.steps, str(error)]), err=True)
                raise

        as_rule: Callable[..., Any] = rule(**given)
        return as_rule(counted)

    return decorate


class Machine(RuleBasedStateMachine):
    """Drives a service that goes on from one example to the next; customers and topics are each example's own.

    Args:
        world: the service.
        done: counts the steps, by their rules.
        had: counts what went wrong.
    """

    def __init__(self, world: World, done: Counter[str], had: Counter[str]) -> None:
        super().__init__()
        self.world = world
        self.done = done
        self.had = had
        self.steps: list[str] = []
        self.customers = [next(world.numbers) for _ in range(3)]
        self.topics = {letter: f"{letter}{self.customers[0]}" for letter in "ab"}
        self.model = Model(world.pruned_to)
        self.seats: list[Seat] = []
        self.left: list[Left] = []
        self.ids = [BEFORE_ALL]
        self.requests = 0
        self.posts: list[tuple[dict[str, Any], str, list[Said]]] = []
        self.is_marked = False  # whether all that was said has been read from the log
        self.is_settled = True  # whether its rows hold positions, or will before anybody is answered

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.world.run(self._mark())
        for seat in self.seats:
            self.world.run(seat.browser.close())

    # -- Senders ------------------------------------------------------------------------------------

    @step(requests=REQUESTS, times=st.sampled_from([1, 1, 1, 1, 1, 1, 1, 20]), web=WEB)
    def send(self, requests: list[list[str]], times: int, web: int) -> None:
        """Several are sent at once."""
        self.world.run(self._send([addresses * times for addresses in requests], web))

    @precondition(lambda self: self.posts)
    @step(which=ANY, times=st.integers(1, 2), web=WEB)
    def repeat(self, which: int, times: int, web: int) -> None:
        """The same key again, even twice at once: the same answer, and nothing is sent."""
        body, key, said = self.posts[-1 - which % len(self.posts)]

        async def again() -> list[list[Said]]:
            return await asyncio.gather(*(self.world.post(body, key, web + each) for each in range(times)))

        for answer in self.world.run(again()):
            assert answer == said

    @precondition(lambda self: self.posts)
    @step(which=ANY, web=WEB)
    def take_back(self, which: int, web: int) -> None:
        sent = [said for said in self.model.log if said.kind == "notification" and said.certain]
        said = sent[-1 - which % len(sent)]
        status = self.world.run(self.world.take_back(str(said.what), web))
        assert status == (404 if said.position <= self.model.pruned_to else 204)
        if status == 204 and said.what not in self.model.taken_back:
            self.world.run(self._mark(said))

    # -- Customers ----------------------------------------------------------------------------------

    @precondition(lambda self: len(self.seats) < PAGES_MAX)
    @step(whose=WHOM, topics=TOPICS, since=SINCE, counts=st.booleans(), web=WEB)
    def come(self, whose: int, topics: str, since: str | Beside, counts: bool, web: int) -> None:
        self.world.run(self._come(self._as_left(whose, topics, since), [], True, web, counts))

    @precondition(lambda self: len(self.seats) < PAGES_MAX)
    @step(whose=WHOM, topics=TOPICS, since=SINCE, meanwhile=REQUESTS, stays=st.booleans(), web=WEB)
    def come_in_a_storm(
        self, whose: int, topics: str, since: str | Beside, meanwhile: list[list[str]], stays: bool, web: int
    ) -> None:
        """While others send; and may be gone before all has come."""
        self.world.run(self._come(self._as_left(whose, topics, since), meanwhile, stays, web))

    @precondition(lambda self: self.left and len(self.seats) < PAGES_MAX)
    @step(which=ANY, meanwhile=st.one_of(st.just([]), REQUESTS), stays=st.sampled_from([True, True, False]), web=WEB)
    def come_back(self, which: int, meanwhile: list[list[str]], stays: bool, web: int) -> None:
        """With the last id that it saw."""
        left = self.left.pop(-1 - which % len(self.left))
        self.world.run(self._come(left, meanwhile, stays, web))

    @precondition(lambda self: self.seats)
    @step(which=ANY, resets=st.booleans())
    def go(self, which: int, resets: bool) -> None:
        seat = self.seats[which % len(self.seats)]
        self.world.run(seat.browser.reset() if resets else seat.browser.close())
        self._leave(seat)

    @step(whose=WHOM, topic=st.sampled_from("ab"), follows=st.booleans(), web=WEB)
    def follow(self, whose: int, topic: str, follows: bool, web: int) -> None:
        """A customer subscribes to a topic, or no longer is."""
        customer, name = self.customers[whose], self.topics[topic]
        if follows:
            self._subscribe(customer, name, web)
        else:
            self.world.run(self._mark())  # what was said before this is still heard
            self.world.run(self.world.ask("DELETE", f"/subscriptions/{name}", customer, web=web, status=[204]))
            self.model.unsubscribe(customer, name)
        self.is_marked = False

    @precondition(lambda self: self.posts)
    @step(
        whose=WHOM,
        which=st.lists(ANY, min_size=1, max_size=4),
        how=st.sampled_from(["received", "read", "read_up_to"]),
        web=WEB,
    )
    def give_receipts(self, whose: int, which: list[int], how: str, web: int) -> None:
        customer = self.customers[whose]
        self._be_settled()
        if how == "read_up_to":
            last_id = self.ids[-1 - which[0] % len(self.ids)]
            read = [str(said.what) for said in self.model.unread(customer) if said.position <= position_of(last_id)]
            self._write_receipts(customer, {how: last_id}, read, [], web)
            return
        sent = [said for said in self.model.log if said.kind == "notification" and said.certain]
        named = {str(said.what): said for each in which for said in [sent[-1 - each % len(sent)]]}
        known = [
            uid
            for uid, said in named.items()
            if said.position > self.model.pruned_to and said.channel in (str(customer), *self.topics.values())
        ]
        self._write_receipts(customer, {how: list(named)}, known, [uid for uid in named if uid not in known], web)

    # -- Bad luck -----------------------------------------------------------------------------------

    @step(what=TROUBLES, which=ANY, meanwhile=REQUESTS, web=WEB)
    def look(self, what: str, which: int, meanwhile: list[list[str]], web: int) -> None:
        """Pages and inboxes show all that they should; then something happens, or nothing."""
        self.world.run(self._mark())
        self._be_settled()
        self.world.run(self._check_inbox(self.customers[which % 3], web))
        self.had[what] += 1
        if what == "prune":
            self._prune(which)
        elif what == "wipe":
            self.world.run(self._wipe(meanwhile))
        elif what == "restart":
            trouble = self.world.troubles[which % len(self.world.troubles)]
            self.world.run(self._restart(trouble, which % 10 / 1000, meanwhile))

    def _prune(self, which: int) -> None:
        kept = [said for said in self.model.log if said.kind == "notification" and said.position > self.model.pruned_to]
        self._be_settled()
        self.world.run(self.world.settle())
        before = kept[-1 - which % len(kept)].position
        self.world.prune(positions.to_ms(before))
        assert self.world.pruned_to < before
        self.model.prune(self.world.pruned_to)
        self.posts.clear()  # what is forgotten, keys and all, may be sent again

    async def _wipe(self, meanwhile: list[list[str]]) -> None:
        """What is sent in the same moment may come once more: its first position is void."""
        await self.world.settle()
        posts = [self._request(addresses) for addresses in meanwhile]
        sending = [self.world.post(*post, web) for web, post in enumerate(posts)]
        answers, _ = await asyncio.gather(asyncio.gather(*sending), asyncio.to_thread(self.world.wipe))
        said: list[Said] = []
        for (body, key), first in zip(posts, answers, strict=True):
            final = await self.world.post(body, key)
            self.posts.append((body, key, final))
            said += final
            said += (
                Said(before.kind, before.what, before.channel, before.position, certain=False)
                for before, after in zip(first, final, strict=True)
                if before != after
            )
        self._say(said)

    async def _restart(self, trouble: str, moment: float, meanwhile: list[list[str]]) -> None:
        """Whoever got no answer asks again with the same key; who got one gets the same.

        Args:
            moment: seconds after which it happens to what is sent meanwhile.
        """
        self.had[trouble] += 1
        posts = [self._request(addresses) for addresses in meanwhile]
        sending = asyncio.gather(
            *(self.world.post(*post, web) for web, post in enumerate(posts)), return_exceptions=True
        )
        if "empty" in trouble:  # what Redis alone knew would come again: see `_wipe`
            await sending
            await self.world.settle()
        else:
            await asyncio.sleep(moment)
        gone = await self.world.restart(trouble)
        self.is_marked = self.is_settled = False
        for post, first in zip(posts, await sending, strict=True):
            final = await self.world.post(*post)
            assert isinstance(first, BaseException) or first == final
            self.posts.append((*post, final))
        self._say([said for *_, answer in self.posts[len(self.posts) - len(posts) :] for said in answer])
        for seat in [each for each in self.seats if each.browser.urls[0] in gone]:
            await seat.browser.until(lambda seat=seat: not seat.browser.open)  # type: ignore[misc]
            await seat.browser.close()
            self._leave(seat)

    # -- Inside -------------------------------------------------------------------------------------

    def _request(self, addresses: list[str]) -> tuple[dict[str, Any], str]:
        """A request's body and its key."""
        self.requests += 1
        drafts = [{"title_text": f"{self.requests}.{at}", **self._to(each)} for at, each in enumerate(addresses)]
        body = drafts[0] if len(drafts) == 1 else {"notifications": drafts}
        return body, f"{self.customers[0]}.{self.requests}"

    def _to(self, address: str) -> dict[str, Any]:
        if address in self.topics:
            return {"topic": self.topics[address]}
        numbers = [self.customers[int(digit)] for digit in address]
        return {"receiver_id": numbers[0]} if len(numbers) == 1 else {"receiver_ids": numbers}

    async def _send(self, requests: list[list[str]], web: int = 0) -> None:
        """Sends requests, all at once."""
        posts = [self._request(addresses) for addresses in requests]
        answers = await asyncio.gather(*(self.world.post(*post, web + at) for at, post in enumerate(posts)))
        self.posts += ((*post, said) for post, said in zip(posts, answers, strict=True))
        self._say([said for answer in answers for said in answer])

    def _say(self, said: list[Said]) -> None:
        self.model.say(*sorted(said, key=lambda each: each.position))
        self.is_marked = self.is_marked and not said

    async def _mark(self, taken_back: Said | None = None) -> None:
        """All that was said has been read from the log by every web process, and seen by every page that should."""
        watcher = self.world.watcher
        receivers = sorted({watcher, *(seat.page.customer for seat in self.seats)})
        marks = await self.world.post(*self._mark_request(receivers))
        position_of_channel = {said.channel: said.position for said in marks}
        if taken_back is not None:
            self.model.take_back(taken_back, marks[0].position - 1)  # at the latest; who sees it knows better
        self.model.say(*marks)
        await self.world.until_read(position_of_channel[str(watcher)])
        for seat in self.seats:
            await until_seen(seat.browser, position_of_channel[str(seat.page.customer)])
            self.ids += seat.compare(self.model.pruned_to)
            missing = seat.page.missing()
            assert not missing, f"{missing} did not come to {seat}"
        self.is_marked = True

    def _mark_request(self, receivers: list[int]) -> tuple[dict[str, Any], str]:
        _, key = self._request([])
        return {"receiver_ids": receivers, "title_text": "mark"}, key

    def _beside(self, since: Beside) -> str:
        return positions.show(position_of(self.ids[-1 - since.which % len(self.ids)]) + since.steps)

    def _subscribe(self, customer: int, topic: str, web: int) -> None:
        known = self.model.subscriptions.get(customer, {}).get(topic)
        status = 201 if known is None else 200
        answer = self.world.run(self.world.ask("PUT", f"/subscriptions/{topic}", customer, web=web, status=[status]))
        position = position_of(answer.json()["position"])
        assert known in (None, position)
        self.model.subscribe(customer, topic, position)

    def _as_left(self, whose: int, topics: str, since: str | Beside) -> Left:
        last_id = {"now": ""}.get(since, since) if isinstance(since, str) else self._beside(since)
        return Left(self.customers[whose], [self.topics[letter] for letter in topics], last_id)

    async def _come(self, left: Left, meanwhile: list[list[str]], stays: bool, web: int, counts: bool = False) -> None:
        if not self.is_marked:
            await self._mark()
        after = self.model.pruned_to if left.last_id == "earliest" else positions.parse(left.last_id)
        is_new = not left.last_id
        knows_where = after is not None
        page = self.model.open(left.customer, left.topics, positions.POSITION_MAX if after is None else after)
        browser = self.world.page(left.customer, web, left.topics, left.last_id, counts)
        seat = Seat(browser, page, left.topics, positions.POSITION_MAX if is_new else after)
        self.seats.append(seat)
        browser.start()
        arriving = browser.until(lambda: browser.events("synced") if stays else browser.open)
        if knows_where:
            await asyncio.gather(arriving, self._send(meanwhile))
        else:  # of one who begins now, it would be chance whether what comes in the same moment is before
            await arriving
            await self._send(meanwhile)
        if not stays:
            await browser.close()
            self._leave(seat)
            return
        self.ids += seat.compare(self.model.pruned_to)
        if self.is_marked:  # nothing was sent meanwhile: what was missed came before `synced`
            assert not page.missing(), f"{page.missing()} did not come to {seat}"
            if counts and self.is_settled:
                (synced,) = browser.events("synced")
                assert synced.data["unread_count"] == len(self.model.unread(left.customer))

    def _leave(self, seat: Seat) -> None:
        self.ids += seat.compare(self.model.pruned_to)
        self.seats.remove(seat)
        self.model.pages.remove(seat.page)
        self.left.append(Left(seat.page.customer, seat.topics, seat.browser.last_id))

    def _write_receipts(
        self, customer: int, body: dict[str, Any], known: list[str], unknown: list[str], web: int
    ) -> None:
        """`POST /receipts`; every page of the customer is told, with the count that is left."""
        reads = "received" not in body
        if reads:
            self.model.read.update((customer, uid) for uid in known)
        unread_count = len(self.model.unread(customer))
        answer = self.world.run(self.world.ask("POST", "/receipts", customer, body, web)).json()
        assert answer == {"unread_count": unread_count, "unknown": unknown}
        if known:
            what = receipt([] if reads else known, known if reads else [], unread_count)
            # Where it stands is known to those who see it.
            self._say([Said("receipt", what, str(customer), positions.POSITION_MAX)])

    def _be_settled(self) -> None:
        """After a process was killed the relay writes down what it had carried: then inboxes show it."""
        if not self.is_settled:
            for customer in self.customers:
                self.world.run(self._until_inbox_is_right(customer))
            self.is_settled = True

    async def _until_inbox_is_right(self, customer: int) -> None:
        async def is_right() -> bool:
            try:
                await self._check_inbox(customer, 0)
            except AssertionError:
                return False
            return True

        with suppress(AssertionError):
            await eventually(is_right, "the inbox is right")
        await self._check_inbox(customer, 0)  # says what is not

    async def _check_inbox(self, customer: int, web: int) -> None:
        inbox = (await self.world.ask("GET", "/inbox?limit=200", customer, web=web)).json()
        shown = [
            (each["uid"], position_of(each["position"]), bool(each["date_read"])) for each in inbox["notifications"]
        ]
        known = self.model.inbox(customer)
        assert shown == [(said.what, said.position, (customer, said.what) in self.model.read) for said in known[:200]]
        assert inbox["unread_count"] == len(self.model.unread(customer))
