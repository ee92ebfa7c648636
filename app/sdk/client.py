"""Does calls, blocking or not."""

from __future__ import annotations

import asyncio
import inspect
import ssl
import time
from collections.abc import Awaitable, Callable, Generator
from functools import cache, update_wrapper
from typing import Concatenate, ParamSpec, Self, TypeVar, get_args

import httpx

from app.sdk.call import PATIENCE_SECONDS, Call, Conversation, Outcome, Pause, Step

P = ParamSpec("P")
T = TypeVar("T")

NO_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=20)


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are trusted. Made once: reading them takes 30 ms."""
    return httpx.create_ssl_context()


class Client:
    """Asks and waits for the answer; for one thread at a time. A notebook may have a loop of its own running.

    Args: see `Conversation`.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        renew: Callable[[], str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._conversation = Conversation(url, token, patience_seconds, renew)
        # Settings of the machine for proxies are not for a service in the house.
        self._http = httpx.Client(limits=NO_LIMITS, verify=trusted(), trust_env=False)

    @property
    def url(self) -> str:
        return self._conversation.url

    @property
    def token(self) -> str:
        return self._conversation.token

    def call(self, call: Call[T]) -> T:
        """Raises: what `Conversation.steps` does."""
        return self._follow(self._conversation.steps(call))

    def greet(self) -> None:
        """Raises: what `Conversation.greet` does."""
        self._follow(self._conversation.greet())

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _follow(self, steps: Generator[Step, Outcome, T]) -> T:
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                answer: T = end.value
                return answer
            outcome = self._do(step)

    def _do(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            time.sleep(step.seconds)
            return None
        try:
            return self._http.send(step)
        except httpx.TransportError as error:
            return error


class AsyncClient:
    """The same for a program with a loop."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        renew: Callable[[], str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._conversation = Conversation(url, token, patience_seconds, renew)
        self._http = httpx.AsyncClient(limits=NO_LIMITS, verify=trusted(), trust_env=False)

    @property
    def url(self) -> str:
        return self._conversation.url

    @property
    def token(self) -> str:
        return self._conversation.token

    async def call(self, call: Call[T]) -> T:
        return await self._follow(self._conversation.steps(call))

    async def greet(self) -> None:
        await self._follow(self._conversation.greet())

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _follow(self, steps: Generator[Step, Outcome, T]) -> T:
        outcome: Outcome = None
        while True:
            try:
                step = steps.send(outcome)
            except StopIteration as end:
                answer: T = end.value
                return answer
            outcome = await self._do(step)

    async def _do(self, step: Step) -> Outcome:
        if isinstance(step, Pause):
            await asyncio.sleep(step.seconds)
            return None
        try:
            return await self._http.send(step)
        except httpx.TransportError as error:
            return error


def blocking(describe: Callable[P, Call[T]]) -> Callable[Concatenate[Client, P], T]:
    """A method that does what `describe` describes."""

    def method(self: Client, /, *arguments: P.args, **named: P.kwargs) -> T:
        return self.call(describe(*arguments, **named))

    _show_as(describe, method)
    return method


def awaited(describe: Callable[P, Call[T]]) -> Callable[Concatenate[AsyncClient, P], Awaitable[T]]:
    """The same for a program with a loop."""

    async def method(self: AsyncClient, /, *arguments: P.args, **named: P.kwargs) -> T:
        return await self.call(describe(*arguments, **named))

    _show_as(describe, method)
    return method


def _show_as(describe: Callable[..., Call[T]], method: Callable[..., object]) -> None:
    """Gives a method the name, text and signature that help() and notebooks show: those of `describe`."""
    update_wrapper(method, describe)
    signature = inspect.signature(describe, eval_str=True)
    own = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    (answer,) = get_args(signature.return_annotation)
    shown = signature.replace(parameters=[own, *signature.parameters.values()], return_annotation=answer)
    method.__signature__ = shown  # type: ignore[attr-defined]
