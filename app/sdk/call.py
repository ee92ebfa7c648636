"""One request to the service, described without doing it; and how it is done, without doing that either.

`Conversation.steps` says what to ask and how long to wait until there is an answer; a client does it, blocking or not.
So there is one place for versions, repeats and refusals.
"""

from __future__ import annotations

import os
import random
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import httpx
import orjson

from app import __version__
from app.sdk.errors import BadParameter, NoKeys, NotReachable, OtherVersion, Refused

T = TypeVar("T")

DEFAULT_URL = "http://127.0.0.1:8000"
CONNECT_SECONDS = 10.0
# A batch of 1,000 with a slow disk takes a second; a database that is away is told of after five.
ANSWER_SECONDS = 30.0
TIMEOUTS = {"timeout": httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS).as_dict()}
USER_AGENT = f"getnotified-sdk/{__version__}"
# How long a request is repeated while the service restarts or its database is away. All of them may come twice.
PATIENCE_SECONDS = 10.0
PAUSE_MIN_SECONDS, PAUSE_MAX_SECONDS = 0.1, 2.0

_TRY_AGAIN = {502, 503, 504}  # also of what stands in front of the service


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """What is asked, and how the answer is read. The same again does no harm."""

    method: str
    path: str
    read: Callable[[httpx.Response], T]
    json: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


Step = httpx.Request | Pause
Outcome = httpx.Response | httpx.TransportError | None


class Conversation:
    """Who asks whom.

    Args:
        url: the service's address; None: `GETNOTIFIED_URL`, else the one at which `make run` listens.
        token: a JWT; None: what `renew` gives, else `GETNOTIFIED_TOKEN`.
        patience_seconds: how long a request is repeated while nobody answers.
        renew: gives a new token when the service says that the old one has expired.

    Raises:
        BadParameter: the address is none.
        NoKeys: no token is given.
    """

    def __init__(
        self,
        url: str | None,
        token: str | None,
        patience_seconds: float = PATIENCE_SECONDS,
        renew: Callable[[], str] | None = None,
    ) -> None:
        self.url = checked_url(url)
        self.token = checked_token(token or (renew() if renew else os.environ.get("GETNOTIFIED_TOKEN")))
        self._patience_seconds = patience_seconds
        self._renew = renew
        self._is_known = False

    def steps(self, call: Call[T]) -> Generator[Step, Outcome, T]:
        """What to do, one step after the other, and what comes of it.

        Raises:
            NotReachable, OtherVersion, Refused: see `app.sdk.errors`.
        """
        yield from self.greet()
        request = self._request(call)
        give_up_at = time.monotonic() + self._patience_seconds
        pause_seconds = PAUSE_MIN_SECONDS
        while True:
            outcome = yield request
            if isinstance(outcome, httpx.Response) and outcome.status_code not in _TRY_AGAIN:
                if refused_as_expired(outcome) and self.renew():
                    request = self._request(call)
                    continue
                return call.read(succeeded(outcome))
            pause = Pause(max(random.uniform(PAUSE_MIN_SECONDS, pause_seconds), _wanted_pause(outcome)))
            if time.monotonic() + pause.seconds > give_up_at:
                raise self._failure(outcome)
            yield pause
            pause_seconds = min(2 * pause_seconds, PAUSE_MAX_SECONDS)

    def greet(self) -> Generator[Step, Outcome, None]:
        """Finds out once whether who answers is a getnotified of our release; nobody there is said at once.

        Raises:
            NotReachable, OtherVersion: it is not.
        """
        if self._is_known:
            return
        outcome = yield httpx.Request(
            "GET", f"{self.url}/healthz", headers={"User-Agent": USER_AGENT}, extensions=TIMEOUTS
        )
        if not isinstance(outcome, httpx.Response) or outcome.status_code in _TRY_AGAIN:
            raise self._failure(outcome)
        theirs = _version(outcome)
        if theirs is None or _release(theirs) != _release(__version__):
            raise OtherVersion(self.url, theirs, __version__)
        self._is_known = True

    def renew(self) -> bool:
        """Whether there is another token than the last one."""
        before = self.token
        if self._renew is not None:
            self.token = checked_token(self._renew())
        return self.token != before

    def _request(self, call: Call[Any]) -> httpx.Request:
        try:
            content = None if call.json is None else orjson.dumps(call.json, option=orjson.OPT_SERIALIZE_NUMPY)
        except TypeError as error:  # orjson's, which names the type
            raise BadParameter("what is sent", str(error), "be what JSON has: texts, numbers, lists") from None
        return httpx.Request(
            call.method,
            f"{self.url}{call.path}",
            params={name: value for name, value in call.params.items() if value is not None},
            content=content,
            headers={"Authorization": f"Bearer {self.token}", "User-Agent": USER_AGENT, **call.headers},
            extensions=TIMEOUTS,
        )

    def _failure(self, outcome: Outcome) -> NotReachable | Refused:
        return refusal(outcome) if isinstance(outcome, httpx.Response) else NotReachable(self.url, _reason(outcome))


def checked_url(url: str | None) -> str:
    """An address without the slash at its end; None is the environment's, or the default.

    Raises:
        BadParameter: it is none.
    """
    url = url or os.environ.get("GETNOTIFIED_URL") or DEFAULT_URL
    try:
        parsed = urlsplit(str(url).strip())
        httpx.URL(str(url).strip())  # which is stricter
        is_address = parsed.scheme in {"http", "https"} and bool(parsed.hostname) and parsed.port != 0
    except (httpx.InvalidURL, ValueError):
        is_address = False
    if not is_address:
        raise BadParameter("url", url, "be an address such as https://notifications.example.com")
    return str(url).strip().rstrip("/")


def refusal(response: httpx.Response) -> Refused:
    """An answer that is no success; `response` has been read."""
    try:
        problem = response.json()
        return Refused(problem["status"], problem["code"], problem["detail"], problem.get("errors", ()))
    except (ValueError, KeyError, TypeError):
        return Refused(response.status_code, "", response.reason_phrase or "no reason is given")


def succeeded(response: httpx.Response) -> httpx.Response:
    """The same answer.

    Raises:
        Refused: it is no success.
    """
    if not response.is_success:
        raise refusal(response)
    return response


def refused_as_expired(response: httpx.Response) -> bool:
    """Whether a newer token would do; `response` has been read."""
    return response.status_code == 401 and refusal(response).code == "token_expired"


def checked_token(token: str | None) -> str:
    """A token without white space around it, as files have it.

    Raises:
        NoKeys: there is none, or what there is can't be one. It is not repeated: sentences end up in files.
    """
    token = (token or "").strip()
    if not token:
        raise NoKeys("give one, or set GETNOTIFIED_TOKEN; `python -m app token --help` tells how to make one.")
    if not (token.isascii() and token.isprintable()):
        raise NoKeys("what was given has characters that no token has.")
    return token


def checked_text(name: str, text: object) -> str:
    """A text that can stand in a header.

    Raises:
        BadParameter: it can't.
    """
    if not (isinstance(text, str) and text.isascii() and text.isprintable()):
        raise BadParameter(name, text, "be a text of printable ASCII characters")
    return text


def _reason(outcome: Outcome) -> str:
    # "All connection attempts failed", of a connection that was refused, is no help to anybody.
    if isinstance(outcome, httpx.ConnectError) and not isinstance(_origin(outcome), ssl.SSLError):
        return "nobody listens there"
    if isinstance(outcome, httpx.TimeoutException):
        return "no answer in time"
    return str(outcome) or type(outcome).__name__


def _origin(error: BaseException) -> BaseException:
    """What an error came of in the first place."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    return error


def _wanted_pause(outcome: Outcome) -> float:
    if not isinstance(outcome, httpx.Response):
        return 0
    retry_after = outcome.headers.get("Retry-After", "")
    return float(retry_after) if retry_after.isdecimal() else 0


def _version(response: httpx.Response) -> str | None:
    try:
        version = response.json()["version"]
    except (ValueError, KeyError, TypeError):
        return None
    return version if isinstance(version, str) else None


def _release(version: str) -> list[str]:
    """What of a version must be the same on both sides: before 1.0, each minor release may change the interface."""
    major, _, rest = version.partition(".")
    return [major, rest.partition(".")[0]] if major == "0" else [major]
