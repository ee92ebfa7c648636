"""What is done to a server, and what is taken down of it: each case gives figures by name."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import NamedTuple

from app.sdk.load.stage import quantile
from benchmarks import proc
from benchmarks.load import listen, send
from benchmarks.load.process import Listener, LoadFailed, Sender, post
from benchmarks.systems import Server

Figures = Mapping[str, float]

TOPIC = "benchmark"
LIVE_TOPIC = "live"  # of those who are there during a storm
WARM_SECONDS = 0.5
SETTLE_SECONDS = 0.5  # after which a server has done what it does when nothing more is to be done
OPENING_MAX = 50
# Streams that are being opened at the same time in a storm: enough to keep any server busy, and no more than the
# kernel lets wait for one (`somaxconn`), for who has to connect again waits for a second.
STORM_OPENING_MAX = 1000
STORM_LIVE_SECONDS = 30.0  # within which a storm is over
LATE_SECONDS = 20.0  # so much longer than planned may deliveries take; then it is an error


class Scale(NamedTuple):
    """How large and how long it all is. The numbers of connections and rates are those of DESIGN, section 7."""

    seconds: float = 3.0  # of each measurement but that of latency
    latency_seconds: float = 10.0
    crowd: int = 5000
    crowd_rate: float = 10
    audience: int = 1000
    audience_rate: float = 40
    flood_senders: int = 32
    missed: int = 20
    live: int = 100
    live_rate: float = 20
    posters: int = 16
    batch: int = 100
    batch_posters: int = 4
    customers: int = 2000
    customers_rate: float = 500


def opening(server: Server, scale: Scale) -> Figures:
    """Memory of one of many idle connections, each with a customer of its own."""
    before_kb = proc.resident_kb(server.pids)
    with _listener(server, scale.crowd):
        time.sleep(SETTLE_SECONDS)
        return {"memory_kb": (proc.resident_kb(server.pids) - before_kb) / scale.crowd}


def crowd(server: Server, scale: Scale) -> Figures:
    """The same, then CPU of a delivery when all of them listen to one topic."""
    before_kb = proc.resident_kb(server.pids)
    with _listener(server, scale.crowd, TOPIC) as listener:
        time.sleep(SETTLE_SECONDS)
        memory_kb = (proc.resident_kb(server.pids) - before_kb) / scale.crowd
        return {"memory_kb": memory_kb, **_deliveries(server, listener, scale.crowd, scale.crowd_rate, scale.seconds)}


def audience(server: Server, scale: Scale) -> Figures:
    """CPU of a delivery to a smaller audience, at a higher rate."""
    with _listener(server, scale.audience, TOPIC) as listener:
        return _deliveries(server, listener, scale.audience, scale.audience_rate, scale.seconds)


def audience_and_flood(server: Server, scale: Scale) -> Figures:
    """The same, then deliveries a second when as much is sent as is accepted."""
    with _listener(server, scale.audience, TOPIC) as listener:
        figures = _deliveries(server, listener, scale.audience, scale.audience_rate, scale.seconds)
        flood = send.Task(
            server.port, server.speech.post(TOPIC), scale.flood_senders, seconds=scale.seconds + 2 * WARM_SECONDS
        )
        with Sender(flood) as sender:
            time.sleep(2 * WARM_SECONDS)
            begin = listener.heard()
            time.sleep(scale.seconds)
            end = listener.heard()
            sender.sent()
        seconds = end.at - begin.at
        return {
            **figures,
            "flood_deliveries": (end.deliveries - begin.deliveries) / seconds,
            "flood_listener_busy": (end.cpu_seconds - begin.cpu_seconds) / seconds,
        }


def storm(server: Server, scale: Scale) -> Figures:
    """Seconds until all of a crowd that was away for some notifications has come back and has them.

    Meanwhile others are there; how late theirs are is measured, too.
    """
    last_id = _send_one(server)
    post(send.Task(server.port, server.speech.post(TOPIC), 1, total=scale.missed))
    live = listen.Task(
        server.port,
        [server.speech.stream(number, LIVE_TOPIC) for number in range(scale.live)],
        server.speech.opened,
        OPENING_MAX,
        is_timed=True,
    )
    requests = [server.speech.stream(number, TOPIC, last_id) for number in range(scale.crowd)]
    live_count = int(scale.live_rate * STORM_LIVE_SECONDS)
    live_posts = send.Task(server.port, server.speech.post(LIVE_TOPIC), scale.posters, scale.live_rate, live_count)
    with Listener(live) as others, Sender(live_posts) as sender:
        time.sleep(WARM_SECONDS)
        others.latencies_us()
        with Listener(listen.Task(server.port, requests, server.speech.opened, STORM_OPENING_MAX)) as back:
            latencies = sorted(others.latencies_us())
            heard = back.heard()
            sender_is_done = sender.is_done()
            if heard.deliveries != scale.crowd * scale.missed:
                raise LoadFailed(f"{heard.deliveries:,} of {scale.crowd * scale.missed:,} missed notifications came")
            if sender_is_done:
                raise LoadFailed(
                    f"the storm lasted longer than the {STORM_LIVE_SECONDS:g} s in which others were sent to"
                )
            return {
                "storm_seconds": back.opening_seconds,
                "storm_busy": heard.cpu_seconds / back.opening_seconds,
                "live_ms": latencies[-1] / 1000,
                "live_p50_ms": quantile(latencies, 0.5) / 1000,
            }


def storm_of_openings(server: Server, scale: Scale) -> Figures:
    """Seconds until all of a crowd have opened a stream, and nothing more."""
    requests = [server.speech.stream(number) for number in range(scale.crowd)]
    with Listener(listen.Task(server.port, requests, server.speech.opened, STORM_OPENING_MAX)) as listener:
        return {
            "storm_seconds": listener.opening_seconds,
            "storm_busy": listener.heard().cpu_seconds / listener.opening_seconds,
        }


def posts(server: Server, scale: Scale) -> Figures:
    """POSTs of one notification each that are accepted a second."""
    task = send.Task(server.port, server.speech.post(TOPIC), scale.posters, seconds=WARM_SECONDS)
    post(task)
    sent = post(task._replace(seconds=scale.seconds))
    return {"posts": sent.answered / sent.seconds, "posts_sender_busy": sent.cpu_seconds / sent.seconds}


def posts_and_batches(server: Server, scale: Scale) -> Figures:
    """The same, then notifications that are accepted a second in POSTs of many."""
    single = posts(server, scale)
    task = send.Task(server.port, server.speech.post(TOPIC, scale.batch), scale.batch_posters, seconds=WARM_SECONDS)
    post(task)
    sent = post(task._replace(seconds=scale.seconds))
    return {**single, "batched": sent.answered * scale.batch / sent.seconds}


def latency(server: Server, scale: Scale) -> Figures:
    """From when a notification for one customer was due to be sent to its arrival there."""
    with _listener(server, scale.customers, is_timed=True) as listener:
        # One for each at first: who is sent to for the first time in their life is no measure of what follows.
        first = send.Task(
            server.port, server.speech.post(), scale.posters, total=scale.customers, receivers=scale.customers
        )
        post(first)
        begin = listener.heard_of(first.total, LATE_SECONDS)
        _expect(begin.deliveries, first.total)
        listener.latencies_us()
        task = first._replace(rate=scale.customers_rate, total=int(scale.customers_rate * scale.latency_seconds))
        sent = post(task)
        end = listener.heard_of(first.total + task.total, LATE_SECONDS)
        _expect(end.deliveries, first.total + task.total)
        latencies = sorted(listener.latencies_us())
        return {
            "p50_ms": quantile(latencies, 0.5) / 1000,
            "p99_ms": quantile(latencies, 0.99) / 1000,
            "latency_listener_busy": (end.cpu_seconds - begin.cpu_seconds) / (end.at - begin.at),
            "latency_sender_busy": sent.cpu_seconds / sent.seconds,
        }


# -- Parts ------------------------------------------------------------------------------------------


def _listener(server: Server, count: int, topic: str = "", is_timed: bool = False) -> Listener:
    requests = [server.speech.stream(number, topic) for number in range(count)]
    return Listener(listen.Task(server.port, requests, server.speech.opened, OPENING_MAX, is_timed))


def _deliveries(server: Server, listener: Listener, connections: int, rate: float, seconds: float) -> Figures:
    """CPU of a delivery: of all that the processes do from before the first POST until all has arrived."""
    task = send.Task(server.port, server.speech.post(TOPIC), 4, rate, max(int(rate * WARM_SECONDS), 1))
    post(task)
    due = task.total * connections
    begin = listener.heard_of(due, LATE_SECONDS)
    _expect(begin.deliveries, due)
    before, beside_before = proc.cpu_seconds(server.pids), _beside(server)
    task = task._replace(total=int(rate * seconds))
    sent = post(task)
    due += task.total * connections
    end = listener.heard_of(due, LATE_SECONDS)
    after, beside_after = proc.cpu_seconds(server.pids), _beside(server)
    _expect(end.deliveries, due)
    deliveries = end.deliveries - begin.deliveries
    beside = {f"{name}_cpu_us": (beside_after[name] - beside_before[name]) * 1e6 / deliveries for name in beside_after}
    return {
        "cpu_us": (after - before) * 1e6 / deliveries,
        "listener_busy": (end.cpu_seconds - begin.cpu_seconds) / (end.at - begin.at),
        "sender_busy": sent.cpu_seconds / sent.seconds,
        **beside,
    }


def _beside(server: Server) -> Figures:
    return {name: proc.cpu_seconds(proc.family(pid)) for name, pid in server.beside.items()}


def _expect(deliveries: int, due: int) -> None:
    if deliveries != due:
        raise LoadFailed(f"{deliveries:,} of {due:,} deliveries came")


def _send_one(server: Server) -> str:
    """Sends one notification to the topic; its position."""
    head, _, body = (server.speech.post(TOPIC) % {b"ts": 0, b"to": 0}).partition(b"\r\n\r\n")
    first, *fields = head.decode().split("\r\n")
    connection = HTTPConnection("127.0.0.1", server.port, timeout=LATE_SECONDS)
    connection.request("POST", first.split()[1], body, dict(field.split(": ", 1) for field in fields))
    answer = json.loads(connection.getresponse().read())
    connection.close()
    position: str = answer["notifications"][0]["position"]
    return position
