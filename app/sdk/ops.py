"""An operator or analyst: sees the figures and what became of everything."""

from __future__ import annotations

from app.sdk import calls
from app.sdk.client import AsyncClient, Client, awaited, blocking


class Ops(Client):
    """Asks for figures."""

    stats = blocking(calls.stats)
    report = blocking(calls.report)
    reports = blocking(calls.reports)
    customer = blocking(calls.customer)


class AsyncOps(AsyncClient):
    """The same for a program with a loop."""

    stats = awaited(calls.stats)
    report = awaited(calls.report)
    reports = awaited(calls.reports)
    customer = awaited(calls.customer)
