"""Where the legs of the journey meet: `create_app` builds one web process, with or without the relay in it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

from quart import Quart

from app import asgi, channel, database, http, marks, openapi, row, server, session
from app import position as positions
from app.accept import api as accept_api
from app.accept.catalogue import Catalogue
from app.accept.intake import Intake
from app.accept.outbox import Outbox
from app.accept.receivers import Receivers
from app.auth import Identity, Tokens
from app.carry.log import Log
from app.carry.relay import Relay
from app.carry.tail import Tail
from app.deliver import api as deliver_api
from app.deliver import frame, history
from app.deliver.delivery import Delivery
from app.entry import Carried, Entry, SubscriptionChange, customer_entry
from app.errors import LogUnavailable
from app.notification import Notification
from app.read import api as read_api
from app.read import inbox, subscriptions
from app.report import api as report_api
from app.run import health
from app.run.background import Background
from app.run.collector import Collector, resident_bytes
from app.run.expire import expire_forever
from app.run.metrics import Metrics, Reading
from app.run.prune import prune_forever
from app.settings import Settings
from app.web import api as web_api

logger = logging.getLogger(__name__)

ASGIApp = Callable[[Any, Any, Any], Coroutine[Any, Any, None]]

# For Redis and the database to be told that the process ends: they may be away.
CLOSE_SECONDS = 1.0
SETTLE_SECONDS = 0.05
SETTLE_TRIES = 10


class Service:
    """The parts of one process, and how they are joined.

    Args:
        settings: all of them.
        redis_url: where the log is.
    """

    def __init__(self, settings: Settings, redis_url: str) -> None:
        self.settings = settings
        self.background = Background()
        self.log = Log(redis_url, settings.log_max_entries, self._restore)
        self.delivery = Delivery(settings, history, subscriptions.of_customers)
        self.catalogue = Catalogue.load()
        self.receivers = Receivers()
        self.outbox = Outbox(self._carry, lambda: self.delivery.window.newest, settings.commit_max_rows)
        self.intake = Intake(self.outbox, self.receivers, self.catalogue)
        self.tail = Tail(
            self.log,
            preload=settings.window_max_entries,
            begin=self._begin,
            deliver=self._deliver,
            lost=self.delivery.interests.lost,
            resumed=self._resumed,
            missed=self.delivery.missed,
        )
        self.relay = Relay(
            self.log,
            due=row.due,
            carry=self._carry,
            record=self.outbox.record,
            interval_seconds=settings.relay_interval_seconds,
            lease_seconds=settings.relay_lease_seconds,
            grace_seconds=settings.relay_grace_seconds,
        )
        self._settling = asyncio.Lock()

    # -- accept → carry → deliver -------------------------------------------------------------------

    async def _carry(
        self, notifications: Sequence[Notification], changes: Sequence[SubscriptionChange] = ()
    ) -> Carried:
        entries = [change.to_entry() for change in changes]
        entries += [frame.notification_entry(each) for each in notifications]
        try:
            run, carried = await self.log.append(entries)
        except LogUnavailable:
            for change in changes:
                self.delivery.change_interest(change)
            raise
        finally:
            self.receivers.observe(entries[: len(changes)])  # here at once; elsewhere when the log brings them
        return Carried(run, carried[len(changes) :])

    def _deliver(self, entries: Sequence[Entry]) -> None:
        self.receivers.observe(entries)
        self.delivery.deliver(entries)

    async def _resumed(self) -> None:
        self.receivers.forget()
        await self.delivery.resumed()

    async def _restore(self, run: str, after: int, limit: int) -> list[Entry]:
        now = positions.from_ms(await self.log.now_ms())
        with _needed_by_the_log():
            await marks.begin_run(run, now)
            rows = await row.newest_placed(after, limit)
        return [frame.notification_entry(each.notification)._replace(position=each.position) for each in rows]

    async def _begin(self, entries: Sequence[Entry]) -> None:
        with _needed_by_the_log():
            self.delivery.begin(entries, await history.pruned_to())

    # -- read → the customer's other pages ----------------------------------------------------------

    async def receipts(self, customer_id: int, received: list[str], read: list[str], unread_count: int) -> None:
        data = {"received": received, "read": read, "unread_count": unread_count}
        try:
            await self.log.append([frame.receipt_entry(channel.of_customer(customer_id), data)])
        except LogUnavailable as error:
            logger.warning("Receipts were not announced: %s", error, extra={"action": "announce_failed"})

    async def subscription(self, change: SubscriptionChange) -> int | None:
        entry = change.to_entry()
        try:
            carried = await self.log.append([entry])
        except LogUnavailable as error:
            logger.warning("A subscription was not announced: %s", error, extra={"action": "announce_failed"})
            self.delivery.change_interest(change)
            return None
        finally:
            self.receivers.observe([entry])
        return carried.positions[0]

    async def customer_changed(self, customer_id: int) -> None:
        entry = customer_entry(customer_id)
        self.receivers.observe([entry])
        try:
            await self.log.append([entry])
        except LogUnavailable as error:
            logger.warning("A customer's change was not announced: %s", error, extra={"action": "announce_failed"})

    async def newest(self) -> int:
        """The newest position of the log, or as far as this process has seen it if it is away."""
        try:
            newest = await self.log.newest(1)
        except LogUnavailable:
            newest = []
        return newest[-1].position if newest else self.delivery.window.newest

    async def count_unread(self, identity: Identity) -> int:
        channels = await subscriptions.channels(identity.customer_id, identity.allows)
        await self.settled(channels)
        return await inbox.unread_count(identity.customer_id, channels)

    async def settled(self, channels: Collection[str]) -> None:
        """Waits until the rows of what was carried in some channels hold their positions, but not for long.

        What does not by then, this process carries itself: whoever accepted it has died or is slow.
        """
        await self.outbox.settled()
        for _ in range(SETTLE_TRIES):
            if not await inbox.is_unsettled(channels):
                return
            await asyncio.sleep(SETTLE_SECONDS)  # another process carried it, and is about to record it
        # What the log has carried already keeps the position that it got then. One at a time: it is done for all.
        async with self._settling:
            if self.tail.connected and await inbox.is_unsettled(channels):
                with suppress(LogUnavailable):
                    await self.relay.carry_older_than(SETTLE_SECONDS * SETTLE_TRIES)

    # -- Running ------------------------------------------------------------------------------------

    async def readiness(self) -> dict[str, bool]:
        """Whether what a web process stands on can be reached."""
        return {"database": await self._database_answers(), "log": self.tail.connected, "started": self.tail.started}

    async def relayed(self) -> bool:
        """Whether a relay is active somewhere: without one, nothing is lost, but what is due or stuck waits."""
        try:
            return await self.log.is_led()
        except LogUnavailable:
            return False

    @staticmethod
    async def _database_answers() -> bool:
        try:
            async with asyncio.timeout(2):
                await database.connection().execute_query("SELECT 1")
        except Exception as error:
            if not database.is_unavailable(error):
                raise
            return False
        return True

    def readings(self) -> dict[str, Reading]:
        delivery = self.delivery
        return {
            "connections": Reading("Open streams.", lambda: len(delivery.hub)),
            "connections_asgi": Reading(
                "Those written through ASGI's send (HTTP/2, HTTP/1.0).", lambda: delivery.connections_asgi
            ),
            "wire_slow": Reading(
                "Whether those of HTTP/1.1 are too: this Hypercorn is not known.", lambda: float(server.is_slow())
            ),
            "delivered_total": Reading("Events written to connections.", lambda: delivery.delivered, grows=True),
            "window_entries": Reading("Events kept in memory for replay.", lambda: len(delivery.window)),
            "window_bytes": Reading("What they cost in memory.", lambda: delivery.window.bytes),
            "newest_position_ms": Reading(
                "Time of the newest entry seen (Unix, ms).", lambda: positions.to_ms(delivery.window.newest)
            ),
            "tasks": Reading("Tasks of the event loop.", lambda: len(asyncio.all_tasks())),
            "outbox_waiting": Reading("Requests that wait for a commit.", lambda: self.outbox.waiting),
            "log_connected": Reading("Whether the log can be read.", lambda: float(self.tail.connected)),
            "relay_active": Reading("Whether this process is the active relay.", lambda: float(self.relay.active)),
        }


@contextmanager
def _needed_by_the_log() -> Iterator[None]:
    """A log that can't be compared with the database is not available either."""
    try:
        yield
    except Exception as error:
        if not database.is_unavailable(error):
            raise
        raise LogUnavailable(f"the database: {error!r}") from error


@asynccontextmanager
async def running(settings: Settings, redis_url: str, loops: Sequence[str]) -> AsyncIterator[Service]:
    """A service whose background loops run: those of a web process, or of a relay, or of both.

    Args:
        loops: `web`, `relay`, or both.
    """
    await database.connect(settings.resolved_database_url)
    service = Service(settings, redis_url)
    background = service.background
    background.start("outbox", service.outbox.run())
    if "web" in loops:
        background.start("tail", service.tail.run())
        background.start("heartbeat", service.delivery.beat())
        background.start("collector", Collector(lambda: len(service.delivery.hub), resident_bytes).run())
    if "relay" in loops:
        background.start("relay", service.relay.run())
        background.start("prune", prune_forever(settings.retention_days, lambda: service.relay.active))
        background.start("expire", expire_forever(lambda: service.relay.active))
    try:
        yield service
    finally:
        try:
            async with asyncio.timeout(settings.drain_seconds):
                await service.outbox.idle()
        except TimeoutError:
            logger.warning("Positions are left to the relay.", extra={"action": "outbox_left"})
        await background.stop()
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                if "relay" in loops:
                    await service.relay.close()
                await service.log.close()
                await database.disconnect()
        except TimeoutError:
            logger.warning("Redis or the database did not say goodbye.", extra={"action": "close_timeout"})


class App:
    """The ASGI application of a web process: the paths that are asked most have their own, Quart has the others.

    Args:
        plain: the applications of these paths.
        quart: that of all others.
    """

    def __init__(self, plain: Mapping[str, ASGIApp], quart: Quart) -> None:
        self._plain = plain
        self._quart = quart

    def __call__(self, scope: Any, receive: Any, send: Any) -> Coroutine[Any, Any, None]:
        # Not awaited here: a stream that is open for days would keep one more frame.
        if scope["type"] == "http" and (plain := self._plain.get(scope["path"])) is not None:
            return plain(scope, receive, send)
        return self._quart(scope, receive, send)


def create_app(service: Service, tokens: Tokens) -> App:
    """The web application of a running service."""
    settings = service.settings
    app = Quart(__name__, static_folder=None)
    # Of a body that is not being read, as long as what answers waits for something else. `http.body` has the limit.
    app.config["MAX_CONTENT_LENGTH"] = settings.request_max_bytes + asgi.DISCARD_MAX_BYTES
    app.config[http.BODY_LIMIT] = settings.request_max_bytes
    app.register_blueprint(accept_api.routes(tokens, service.intake, service.catalogue, service.customer_changed))
    app.register_blueprint(
        read_api.routes(tokens, service, service.newest, service.settled, service.catalogue.kinds.keys())
    )
    app.register_blueprint(report_api.routes(tokens, service.settled))
    app.register_blueprint(session.routes(tokens, settings.session_cookie_secure))
    app.register_blueprint(
        health.routes(tokens, service.readiness, service.relayed, Metrics(service.readings()), settings.ops_networks)
    )
    app.register_blueprint(openapi.routes())
    app.register_blueprint(web_api.routes())
    http.share_with(app, settings.cors_origins)
    http.handle_errors(app)
    posts = accept_api.handlers(tokens, service.intake, settings.request_max_bytes)
    plain: dict[str, ASGIApp] = {
        "/stream": deliver_api.Stream(settings, tokens, service.delivery, history, service.count_unread),
        **{path: asgi.Endpoint("POST", handle, settings.cors_origins) for path, handle in posts.items()},
    }
    return App(plain, app)
