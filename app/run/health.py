"""`/healthz`, `/readyz`, `/metrics` and `/stats`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from ipaddress import IPv4Network, IPv6Network, ip_address

from quart import Blueprint, Response, request

from app import __version__, http
from app.auth import Tokens
from app.run.metrics import Metrics

Readiness = Callable[[], Awaitable[dict[str, bool]]]


def routes(
    tokens: Tokens,
    readiness: Readiness,
    relayed: Callable[[], Awaitable[bool]],
    metrics: Metrics,
    ops_networks: tuple[IPv4Network | IPv6Network, ...],
) -> Blueprint:
    """The routes.

    Args:
        readiness: by name, whether each thing that the process stands on can be reached.
        relayed: whether a relay is active. It is shown and not asked for: a web process delivers without one, and a
            balancer that took every web process out for want of a relay would make it worse.
    """
    blueprint = Blueprint("health", __name__)

    @blueprint.get("/healthz")
    async def alive() -> Response:
        return http.answer({"status": "alive", "version": __version__})

    @blueprint.get("/readyz")
    async def ready() -> Response:
        checks = await readiness()
        well = all(checks.values())
        body = {"status": "ready" if well else "not ready", "checks": checks | {"relay": await relayed()}}
        return http.answer(body, 200 if well else 503)

    @blueprint.get("/metrics")
    async def show_metrics() -> Response:
        client = ip_address(request.remote_addr) if request.remote_addr not in (None, "<local>") else None
        if client is None or not any(client in network for network in ops_networks):
            http.identify(tokens).require("ops")
        return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)

    @blueprint.get("/stats")
    async def show_stats() -> Response:
        http.identify(tokens).require("ops")
        return http.answer(metrics.values())

    return blueprint
