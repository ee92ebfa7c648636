"""What became of each request: answered, refused, to be repeated. No I/O."""

from __future__ import annotations

import re
from array import array
from collections import Counter
from datetime import datetime
from math import nan

import orjson

from app.sdk.load import problem
from app.sdk.load.http import Head
from app.sdk.load.message import Effort, Published
from app.sdk.load.script import Request, Script

RETRIED = {408, 429, 500, 502, 503, 504}  # the same key again counts once, so all that may pass is tried again
PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS = 0.1, 2.0

_TIMING = re.compile(r"(commit|carry);dur=([0-9.]+)")


class Ledger:
    """Keeps account of the requests of a script.

    Attributes:
        sent: notifications whose request is done with.
        accepted: those of them that the service has taken.
        written_at: when each request was first written (Unix time, seconds); NaN: not yet.
        attempts: of each request.
        waited: requests that found no sender free when they were due.
    """

    def __init__(self, script: Script, notifications: int) -> None:
        requests = len(script)
        self.sent = 0
        self.accepted = 0
        self.written_at = array("d", [nan]) * requests
        self.attempts = array("I", [0]) * requests
        self.waited = 0
        self._answered_at = array("d", [nan]) * requests
        self._commit_ms = array("d", [nan]) * requests
        self._carry_ms = array("d", [nan]) * requests
        self._uids = [""] * notifications
        self._accepted_at = array("d", [nan]) * notifications
        self._refused: Counter[str] = Counter()
        self._unanswered = 0

    def answered(self, index: int, request: Request, head: Head, body: bytes, now: float) -> float | None:
        """Takes an answer down.

        Args:
            now: Unix time, seconds.

        Returns:
            How many seconds later the request is to be sent again; None: it is done with.
        """
        if head.status in RETRIED:
            return max(self.pause_seconds(index), _retry_after(head))
        self.sent += request.size
        if head.status not in {201, 202}:
            self._refused[problem.sentence(problem.read(head.status, body))] += request.size
            return None
        try:
            notifications = orjson.loads(body)["notifications"]
            found = [(each["uid"], datetime.fromisoformat(each["date_sent"]).timestamp()) for each in notifications]
        except (ValueError, KeyError, TypeError):
            found = []
        if len(found) != request.size:
            self._refused[f"{head.status}: the answer names {len(found)} notifications"] += request.size
            return None
        self._answered_at[index] = now
        for name, milliseconds in _TIMING.findall(head.fields.get("server-timing", "")):
            (self._commit_ms if name == "commit" else self._carry_ms)[index] = float(milliseconds)
        self.accepted += request.size
        for number, (uid, accepted_at) in enumerate(found, request.first):
            self._uids[number] = uid
            self._accepted_at[number] = accepted_at
        return None

    def given_up(self, request: Request) -> None:
        """Takes down that a request got no answer in time."""
        self.sent += request.size
        self._unanswered += request.size

    def pause_seconds(self, index: int) -> float:
        """How long to wait before a request is sent again: not at all at first, then longer every time."""
        again = self.attempts[index] - 1
        return min(PAUSE_MIN_SECONDS * 2**again, PAUSE_MAX_SECONDS) if again > 0 else 0.0

    def published(self, effort: Effort) -> Published:
        return Published(
            written_at=self.written_at,
            answered_at=self._answered_at,
            commit_ms=self._commit_ms,
            carry_ms=self._carry_ms,
            attempts=self.attempts,
            uids=self._uids,
            accepted_at=self._accepted_at,
            refused=dict(self._refused),
            unanswered=self._unanswered,
            waited=self.waited,
            effort=effort,
        )


def _retry_after(head: Head) -> float:
    seconds = head.fields.get("retry-after", "")
    return float(seconds) if seconds.isdecimal() else PAUSE_MIN_SECONDS
