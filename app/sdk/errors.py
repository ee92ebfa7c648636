"""What can go wrong between a client and the service. Each says in one sentence what, and what to do.

    SdkError
    ├── BadParameter    a value that makes no sense; nothing was asked
    ├── NoKeys          no token, and no key to sign one with
    ├── NotReachable    nobody answers at the address
    ├── OtherVersion    who answers is no getnotified, or one of another release
    ├── Refused         the service said no, and why (problem+json, RFC 9457)
    ├── HistoryGone     what was missed is not kept any more; the inbox tells the state
    ├── TokenExpired    the token of an open stream has expired
    ├── NotInTime       what was waited for did not come
    ├── NotOpen         a receiver that was not opened, or is closed
    ├── ServiceFailed   the local service did not start, or has died
    ├── LoadFailed      a process that makes load has failed (`load/processes.py`)
    └── NoDatabase, OtherSchema, NothingSent: of the database that a report is made from (`lab/database.py`)

In a notebook only the sentence is shown, without the stack of frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class SdkError(Exception):
    """What this package raises."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"✘ {self}"]


class BadParameter(SdkError):
    """`must` is what follows the word: `be more than 0`."""

    def __init__(self, name: str, value: object, must: str) -> None:
        super().__init__(f"{name}={value!r} must {must}.")
        self.name = name
        self.value = value


class NoKeys(SdkError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"No token, and no key to sign one with: {reason}")


class NotReachable(SdkError):
    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No getnotified answers at {url} ({reason}). Start one with `make run`, or give another address."
        )
        self.url = url
        self.reason = reason


class OtherVersion(SdkError):
    """`theirs` is None where the answer is not one of getnotified's."""

    def __init__(self, url: str, theirs: str | None, ours: str) -> None:
        if theirs is None:
            sentence = f"What answers at {url} is no getnotified {ours}: it tells no version at /healthz."
        else:
            sentence = (
                f"getnotified {theirs} answers at {url}, and this client is {ours}: use the client of that release."
            )
        super().__init__(sentence)
        self.url = url
        self.theirs = theirs
        self.ours = ours


class Refused(SdkError):
    """An answer that is no success.

    Attributes:
        status: of HTTP.
        code: the stable name of the reason; empty where the answer is no problem document.
        detail: the reason as a sentence.
        errors: the bad fields: `{"loc": [...], "msg": "..."}`.
    """

    def __init__(self, status: int, code: str, detail: str, errors: Sequence[Mapping[str, Any]] = ()) -> None:
        fields = "; ".join(f"{'.'.join(map(str, each['loc'])) or 'the body'} {each['msg']}" for each in errors)
        named = f"{status} {code}".rstrip()
        super().__init__(f"The service refused it ({named}): {fields or detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors


class HistoryGone(SdkError):
    """The stream goes on with what is still kept.

    Attributes:
        reason: `pruned` or `unknown` (the id is none of this service's).
        oldest: the position from which on everything is kept.
        so_far: notifications that were waited for together with what is missing, and came.
    """

    def __init__(self, reason: str, oldest: str | None, so_far: Sequence[Any] = ()) -> None:
        why = "it was pruned" if reason == "pruned" else "the last id is none of this service's"
        super().__init__(f"Some of what was missed can't be replayed: {why}. The inbox tells what there is.")
        self.reason = reason
        self.oldest = oldest
        self.so_far = so_far


class TokenExpired(SdkError):
    def __init__(self) -> None:
        super().__init__("The token has expired: open the stream again with a new one.")


class NotInTime(SdkError):
    """What did come is in `so_far`."""

    def __init__(self, what: str, seconds: float, so_far: Sequence[Any] = ()) -> None:
        super().__init__(f"After {seconds:g} s still waiting for {what}.")
        self.so_far = so_far


class NotOpen(SdkError):
    def __init__(self, what: str) -> None:
        super().__init__(f"The receiver {what}.")


class ServiceFailed(SdkError):
    """`output` is what it has printed."""

    def __init__(self, what: str, output: str = "") -> None:
        last = output.strip().splitlines()[-1:]
        super().__init__(f"The local service {what}" + (f": {last[0]}" if last else "."))
        self.output = output
