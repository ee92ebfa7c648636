"""Cross-origin requests (Fetch § 3.3): which other sites' pages may call us."""

from __future__ import annotations

from collections.abc import Collection, Mapping

_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID",
    "Access-Control-Max-Age": "600",
}


def headers(origin: str | None, allowed: Collection[str], method: str) -> Mapping[str, str]:
    """What an answer says to a page of `origin`."""
    if not allowed:
        return {}
    if origin is None or origin not in allowed:
        return {"Vary": "Origin"}
    answer = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "Retry-After",
        "Vary": "Origin",
    }
    return answer | _PREFLIGHT if method == "OPTIONS" else answer
