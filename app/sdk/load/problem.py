"""A refusal as the service writes it: problem+json (RFC 9457). No I/O."""

from __future__ import annotations

import orjson

from app.sdk.load.message import Refusal

BODY_MAX_BYTES = 64 * 1024


def read(status: int, body: bytes) -> Refusal:
    """What an answer that is no success says; also of one that is none of the service's."""
    try:
        problem = orjson.loads(body)
        return Refusal(status, problem["code"], problem["detail"], tuple(problem.get("errors", ())))
    except (ValueError, KeyError, TypeError):
        text = body[:200].decode(errors="replace").strip()
        return Refusal(status, "", text or "no reason is given")


def sentence(refusal: Refusal) -> str:
    return f"{refusal.status} {refusal.code}".rstrip() + f": {refusal.detail}"
