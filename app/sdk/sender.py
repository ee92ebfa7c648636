"""A sender: a back end that says what its customers are to be told."""

from __future__ import annotations

from app.sdk import calls
from app.sdk.client import AsyncClient, Client, awaited, blocking


class Sender(Client):
    """Sends; every request can be repeated without harm, and is while the service restarts."""

    send = blocking(calls.send)
    send_many = blocking(calls.send_many)
    order_event = blocking(calls.order_event)
    order_events = blocking(calls.order_events)
    preview = blocking(calls.preview)
    preview_order_event = blocking(calls.preview_order_event)
    retract = blocking(calls.retract)
    put_customer = blocking(calls.put_customer)
    customer = blocking(calls.customer)
    catalogue = blocking(calls.catalogue)
    report = blocking(calls.report)
    reports = blocking(calls.reports)


class AsyncSender(AsyncClient):
    """The same for a program with a loop."""

    send = awaited(calls.send)
    send_many = awaited(calls.send_many)
    order_event = awaited(calls.order_event)
    order_events = awaited(calls.order_events)
    preview = awaited(calls.preview)
    preview_order_event = awaited(calls.preview_order_event)
    retract = awaited(calls.retract)
    put_customer = awaited(calls.put_customer)
    customer = awaited(calls.customer)
    catalogue = awaited(calls.catalogue)
    report = awaited(calls.report)
    reports = awaited(calls.reports)
