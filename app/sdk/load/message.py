"""What a run and its processes tell each other. Pickled, through a socket pair between a parent and its own child."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.sdk.load.address import Address
from app.sdk.load.plan import Plan

UNREACHABLE = 0  # the status of a refusal where nobody answers

# -- To a process -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listen:
    """Be these customers: open their streams, and open them again when they are lost.

    Attributes:
        customers: each one's number in the plan, and token.
        topic: that all of them listen to; None: to what is theirs only.
    """

    address: Address
    run: str
    customers: Sequence[tuple[int, str]]
    topic: str | None


@dataclass(frozen=True, slots=True)
class Publish:
    """Send what is in the script, when it is due."""

    address: Address
    run: str
    plan: Plan
    token: str


@dataclass(frozen=True, slots=True)
class Begin:
    """The script begins at this time (Unix time, seconds)."""

    at: float


@dataclass(frozen=True, slots=True)
class Stop:
    """Send nothing more."""


@dataclass(frozen=True, slots=True)
class Collect:
    """Tell all that you have so far."""


# -- From a process ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Listening:
    """How far a listener is.

    Attributes:
        synced: connections that were open and up to date at least once.
        received: notifications of the run, over all connections.
    """

    synced: int = 0
    received: int = 0


@dataclass(frozen=True, slots=True)
class Publishing:
    """How far the publisher is.

    Attributes:
        ready: its connections are open.
        sent: notifications whose request was answered, in whatever way, or given up.
        accepted: of these, the ones that the service has taken.
        done: nothing more will be sent.
    """

    ready: bool = False
    sent: int = 0
    accepted: int = 0
    done: bool = False


@dataclass(frozen=True, slots=True)
class Effort:
    """What it cost to make the load, since the beginning.

    Attributes:
        cpu_seconds: of the process.
        seconds: that have passed.
        late_ms: how late the process was for things that it had to do at a certain time.
    """

    cpu_seconds: float
    seconds: float
    late_ms: array[float]


@dataclass(frozen=True, slots=True)
class Heard:
    """What a listener has.

    Attributes:
        uids: of the notifications of the run, by the numbers that stand in `which`.
        which, who, when: of each delivery the notification, the customer, and the Unix time (seconds).
        out_of_order: deliveries whose position was not above all that the connection had seen.
        reconnects: connections that were opened again.
        gaps: times that the service said that history is gone.
        refused: connections that were refused for good, by the reason.
    """

    uids: Sequence[str]
    which: array[int]
    who: array[int]
    when: array[float]
    out_of_order: int
    reconnects: int
    gaps: int
    refused: Mapping[str, int]
    effort: Effort


@dataclass(frozen=True, slots=True)
class Published:
    """What the publisher has. NaN stands for what is not known.

    Attributes:
        written_at, answered_at: of each request (Unix time, seconds): when it was first written, and when the answer
            that took it came.
        commit_ms, carry_ms: of each request, as the service says.
        attempts: of each request.
        uids, accepted_at: of each notification; empty and NaN: not taken, or not answered.
        refused: notifications, by the reason.
        unanswered: notifications whose request was never answered.
        waited: requests that were due while every sender waited for an answer.
    """

    written_at: array[float]
    answered_at: array[float]
    commit_ms: array[float]
    carry_ms: array[float]
    attempts: array[int]
    uids: Sequence[str]
    accepted_at: array[float]
    refused: Mapping[str, int]
    unanswered: int
    waited: int
    effort: Effort


@dataclass(frozen=True, slots=True)
class Refusal:
    """The service does not let the load begin, or no connection gets through."""

    status: int
    code: str
    detail: str
    errors: Sequence[Mapping[str, Any]] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Failed:
    """The process has found a bug of its own."""

    traceback: str
