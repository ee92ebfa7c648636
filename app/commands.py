"""The commands: `python -m app dev | web | relay | migrate | token | check-latency`."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import wraps
from socket import socket
from typing import Any

import click

from app import database, wiring
from app import settings as settings_module
from app.auth import DEFAULT_TOKEN_DAYS, Role, Tokens
from app.errors import ConfigurationError
from app.run import collector, drain, logs
from app.run.embedded import EmbeddedRedis, embedded_secret_key
from app.settings import Settings

logger = logging.getLogger("app")

MIGRATE_SECONDS = 0.5  # between two attempts
CUSTOMERS_MAX = 1_000_000
DAYS_MAX = 36_500


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Reads the settings; what is wrong with them is one line and exit code 2."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        try:
            settings = settings_module.load()
            logs.configure(settings.log_level)
            command(settings, *arguments, **options)
        except ConfigurationError as error:
            click.echo(f"getnotified can't start: {error}", err=True)
            sys.exit(2)

    return run


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """getnotified: push notifications over Server-Sent Events. Settings come from the environment."""


@cli.command()
@_with_settings
def dev(settings: Settings) -> None:
    """Everything in one process, with its own Redis and SQLite where none are set."""
    _make_data_dir(settings)
    with ExitStack() as stack:
        redis = None if settings.redis_url else stack.enter_context(EmbeddedRedis(settings.data_dir))
        secret_key = settings.secret_key or embedded_secret_key(settings.data_dir)
        asyncio.run(_migrate_when_it_is_there(settings.resolved_database_url))
        asyncio.run(_dev(settings, redis, secret_key))


@cli.command()
@_with_settings
def web(settings: Settings) -> None:
    """One web process: takes notifications and holds streams."""
    asyncio.run(_web(settings, _redis_url(settings), Tokens(_secret_key(settings))))


@cli.command()
@_with_settings
def relay(settings: Settings) -> None:
    """Carries what is stuck or due. Several may run; one is active."""
    asyncio.run(_relay(settings, _redis_url(settings)))


@cli.command()
@_with_settings
def migrate(settings: Settings) -> None:
    """Brings the database's schema up to date."""
    _make_data_dir(settings)
    url = settings.resolved_database_url
    try:
        applied = asyncio.run(database.migrate(url))
    except Exception as error:
        if not _is_away(url, error):
            raise
        click.echo(f"getnotified can't migrate: the database can't be reached: {error}", err=True)
        sys.exit(1)
    click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")


@cli.command()
@click.option("--customer", "customers", help="A customer's number, or a range: 1-2000 prints one token a line.")
@click.option("--sender", help="A sender's name: shop.")
@click.option("--ops", help="An operator's or analyst's name.")
@click.option("--topics", multiple=True, help="A pattern that bounds the topics, order.*; may be repeated.")
@click.option("--days", default=float(DEFAULT_TOKEN_DAYS), show_default=True, help="Days until it expires.")
@_with_settings
def token(
    settings: Settings,
    customers: str | None,
    sender: str | None,
    ops: str | None,
    topics: Sequence[str],
    days: float,
) -> None:
    """Prints a token, for exactly one of --customer, --sender and --ops."""
    if [customers, sender, ops].count(None) != 2:
        raise click.UsageError("Give exactly one of --customer, --sender and --ops.")
    if not 0 < days <= DAYS_MAX:
        raise click.UsageError(f"--days {days:g}: give more than 0 and up to {DAYS_MAX:,}.")
    tokens = Tokens(settings.secret_key or embedded_secret_key(settings.data_dir))
    bounds = list(topics) or None
    if sender is not None:
        click.echo(tokens.sign(_name("sender", sender), "sender", bounds, days))
    elif ops is not None:
        click.echo(tokens.sign(_name("ops", ops), "ops", bounds, days))
    else:
        for customer_id in _numbers(customers or ""):
            click.echo(tokens.sign(f"customer:{customer_id}", "customer", bounds, days))


@cli.command()
@click.option("--url", help="The service's address. [default: GETNOTIFIED_URL, or where `make run` listens]")
@click.option("--customers", default=500, show_default=True, help="Virtual customers, each with one connection.")
@click.option("--rate", default=100.0, show_default=True, help="Notifications a second.")
@click.option("--seconds", default=20.0, show_default=True, help="How long they are sent.")
@click.option("--pattern", default="steady", show_default=True, help="steady, burst, rush_hour or order_day.")
@click.option("--audience", default="customer", show_default=True, help="customer: each to one; topic: each to all.")
@click.option("--senders", type=int, help="Connections that send. [default: enough for the rate]")
@click.option("--p50-ms", type=float, help="Within which half of the deliveries must arrive.")
@click.option("--p99-ms", default=50.0, show_default=True, help="Within which 99 of 100 must.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON in place of a table.")
@click.option("--progress/--no-progress", default=True, help="Show how far it is.")
@_with_settings
def check_latency(_: Settings, **options: Any) -> None:
    """Measures whether notifications arrive in time.

    Exit code 0: they do. 1: they do not, or one was lost, or came twice. 2: it can't be told.
    """
    from app.sdk.load.check import main  # noqa: PLC0415  # no other command waits for the client to load

    sys.exit(main(**options))


def _make_data_dir(settings: Settings) -> None:
    try:
        # For the owner alone: what customers were sent is in there.
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR={settings.data_dir} can't be made: {error.strerror}.") from None


def _name(role: Role, name: str) -> str:
    subject = f"{role}:{name}"
    if not Tokens.can_name(subject):
        raise click.UsageError(f"--{role} {name!r}: give 1 to 100 letters, digits and . _ @ -")
    return subject


def _numbers(text: str) -> range:
    match = re.fullmatch(r"([0-9]{1,18})(?:-([0-9]{1,18}))?", text)
    if match is None:
        raise click.UsageError(f"--customer {text}: give a number or a range such as 1-2000.")
    first, last = int(match[1]), int(match[2] or match[1])
    if not first <= last < first + CUSTOMERS_MAX:
        raise click.UsageError(f"--customer {text}: give a rising range of up to {CUSTOMERS_MAX:,}.")
    return range(first, last + 1)


def _redis_url(settings: Settings) -> str:
    if settings.redis_url is None:
        raise ConfigurationError("REDIS_URL is not set. (Only `python -m app dev` brings a Redis of its own.)")
    return settings.redis_url


def _secret_key(settings: Settings) -> str:
    if settings.secret_key is None:
        raise ConfigurationError("SECRET_KEY is not set. It signs the tokens: 32 random characters or more.")
    return settings.secret_key


async def _migrate_when_it_is_there(url: str) -> None:
    waits = False
    while True:
        try:
            await database.migrate(url)
        except Exception as error:
            if not _is_away(url, error):
                raise
            if not waits:
                logger.warning("The database can't be reached: %s", error, extra={"action": "migrate_waits"})
            waits = True
            await asyncio.sleep(MIGRATE_SECONDS)
        else:
            return


def _is_away(url: str, error: Exception) -> bool:
    """Whether it is for want of the database: a file never is away, and what SQLite says is about the migration."""
    return database.dialect(url) == "postgres" and database.is_unavailable(error)


async def _dev(settings: Settings, redis: EmbeddedRedis | None, secret_key: str) -> None:
    tokens = Tokens(secret_key)
    with drain.bind(settings) as opened:
        async with wiring.running(settings, redis.url if redis else _redis_url(settings), ("web", "relay")) as service:
            if redis is not None:
                service.background.start("redis-server", redis.died())
            address = drain.address(settings, opened)
            links = (
                f"  the customer's page:   {address}/#token={tokens.sign('customer:1', 'customer')}\n"
                f"  the sender's console:  {address}/console#token={tokens.sign('sender:console', 'sender')}"
            )
            await _serve(service, tokens, opened, links)


async def _web(settings: Settings, redis_url: str, tokens: Tokens) -> None:
    with drain.bind(settings) as opened:
        async with wiring.running(settings, redis_url, ("web",)) as service:
            await _serve(service, tokens, opened)


async def _serve(service: wiring.Service, tokens: Tokens, opened: socket, links: str = "") -> None:
    background = service.background
    drain.stop_on_signals(background.stopping)
    collector.settle()
    click.echo(f"getnotified listens on {drain.address(service.settings, opened)}\n{links}".rstrip())
    await drain.serve(wiring.create_app(service, tokens), opened, background.stopping, service.delivery.drain)
    if background.failed:
        sys.exit(1)


async def _relay(settings: Settings, redis_url: str) -> None:
    async with wiring.running(settings, redis_url, ("relay",)) as service:
        drain.stop_on_signals(service.background.stopping)
        await service.background.stopping.wait()
    if service.background.failed:
        sys.exit(1)
