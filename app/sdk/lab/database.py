"""A deployment's database as tables of pandas: what was sent, received and read, and who is not reached.

Nothing is written: sessions are read-only. Numbers by kind and hour are those of `GET /reports`, added up from tallies;
what needs single notifications is added up by the database, over those of the period alone.

    database = Database("postgres://analyst@db.example/getnotified")
    since, until = last_hours(24)
    database.by_hour(since, until)
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from tortoise import Tortoise, fields
from tortoise.exceptions import ConfigurationError as BadUrl
from tortoise.exceptions import OperationalError
from tortoise.models import Model

from app import database, settings, tally
from app import position as positions
from app.errors import ConfigurationError
from app.report import of_hours
from app.sdk.errors import BadParameter, SdkError
from app.sdk.lab import statements
from app.sdk.lab.parameters import require_whole

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")

PROJECT = Path(__file__).parents[3]
HOURS_MAX = 366 * 24
# Long enough for a scan of a busy month; a forgotten one does not burden the service for ever.
STATEMENT_SECONDS = 120
CONNECT_SECONDS = 5
HOUR = timedelta(hours=1)

# The address makes no sense, or what is there is no database.
_NO_WAY_IN = (BadUrl, ValueError, sqlite3.DatabaseError)


class Migration(Model):
    """One that has been applied, as Aerich writes it down."""

    id = fields.IntField(primary_key=True)
    version = fields.CharField(255)

    class Meta:
        table = "aerich"


class NoDatabase(SdkError):
    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"There is no database of getnotified at {name}: {reason}. Give database_url as the service has it:"
            " postgres://user:password@host/name or sqlite:///path/getnotified.sqlite3."
        )
        self.name = name
        self.reason = reason


class OtherSchema(SdkError):
    """`theirs` is the last migration that it has; None: it has no tables of getnotified."""

    def __init__(self, name: str, theirs: str | None, ours: str) -> None:
        found = "has no tables of getnotified" if theirs is None else f"is at migration {theirs}"
        super().__init__(f"The database {name} {found}, and this client reads {ours}: use the client of that release.")
        self.theirs = theirs
        self.ours = ours


class NothingSent(SdkError):
    """`last` is when anything was sent at all; None: never."""

    def __init__(self, since: datetime, until: datetime, last: datetime | None) -> None:
        ever = "nothing ever was" if last is None else f"the last was at {last:%Y-%m-%d %H:%M} UTC"
        super().__init__(
            f"Nothing was sent to anybody between {since:%Y-%m-%d %H:%M} and {until:%Y-%m-%d %H:%M} UTC; {ever}."
        )
        self.since = since
        self.until = until
        self.last = last


def last_hours(hours: int, until: datetime | None = None) -> tuple[datetime, datetime]:
    """The period of so many whole hours that ends with the one of `until` (None: the present one).

    Raises:
        BadParameter: `hours` is no whole number from 1 to a year's, or `until` has no time zone.
    """
    require_whole("hours", hours, 1, HOURS_MAX)
    if until is not None and until.tzinfo is None:
        raise BadParameter("until", until.isoformat(), "have a time zone")
    moment = (until or datetime.now(UTC)).astimezone(UTC)
    full = moment.replace(minute=0, second=0, microsecond=0)
    end = full if full == moment else full + HOUR
    return end - hours * HOUR, end


class Database:
    """A database that is read.

    Args:
        url: as in `DATABASE_URL`; None: that of the environment, else the SQLite under `DATA_DIR`.

    Raises:
        NoDatabase: there is none, or it does not let us in.
        OtherSchema: it is of another release.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = _from_environment() if url is None else url
        self.name = _without_password(self._url)
        if not isinstance(self._url, str) or not self._url.startswith(("postgres://", "postgresql://", "sqlite://")):
            raise NoDatabase(self.name, "an address begins with postgres://, postgresql:// or sqlite://")
        if database.dialect(self._url) == "sqlite" and not Path(self._url.removeprefix("sqlite://")).is_file():
            raise NoDatabase(self.name, "there is no such file")
        self._read(self._check)

    # -- By kind and hour, as `GET /reports` -------------------------------------------------------

    def by_kind_and_hour(self, since: datetime, until: datetime) -> pd.DataFrame:
        """A row for each kind of event and hour in which any was sent; times in milliseconds."""
        import pandas as pd  # noqa: PLC0415  # takes half a second

        text = self._read(lambda: of_hours.report_csv(None, since, until))
        return pd.read_csv(StringIO(text), parse_dates=["hour"])

    def by_kind(self, since: datetime, until: datetime) -> pd.DataFrame:
        """A row for each kind of event, those that were sent most first.

        Raises:
            NothingSent: nothing was sent in that time.
        """
        import pandas as pd  # noqa: PLC0415

        rows = self._report(since, until)["by_event"]
        return pd.DataFrame(map(_flat, rows)).sort_values(["sent", "event"], ascending=[False, True], ignore_index=True)

    def by_hour(self, since: datetime, until: datetime) -> pd.DataFrame:
        """A row for each hour, also for those in which nothing was sent.

        Raises:
            NothingSent: nothing was sent in that time.
        """
        import pandas as pd  # noqa: PLC0415

        frame = pd.DataFrame(map(_flat, self._report(since, until)["by_hour"]))
        frame["hour"] = pd.to_datetime(frame["hour"], utc=True)
        hours = pd.date_range(since, until, freq="h", inclusive="left", name="hour")
        frame = frame.set_index("hour").reindex(hours).reset_index()
        counted = list(of_hours.COUNTS)
        return frame.fillna(dict.fromkeys(counted, 0)).astype(dict.fromkeys(counted, int))

    def read_after(self, since: datetime, until: datetime) -> pd.DataFrame:
        """How long it took from received to read: for each kind, how many took about so many `milliseconds`.

        Right within a tenth. Sorted by kind and duration.
        """
        import pandas as pd  # noqa: PLC0415

        summed: Counter[str] = Counter()  # histograms are numbers
        for row in self._ask(statements.READ_AFTER, first=tally.hour_of(since), last=tally.hour_of(until)):
            summed[row["event"]] += int.from_bytes(row["read"], "little")
        rows = [
            (event, tally.GROWTH**bucket - 1, count)
            for event, histogram in sorted(summed.items())
            for bucket, count in enumerate(tally.counts_of(histogram))
            if count
        ]
        return pd.DataFrame(rows, columns=["event", "milliseconds", "count"]).astype(
            {"milliseconds": float, "count": int}
        )

    # -- By topic and customer ---------------------------------------------------------------------

    def by_topic(self, since: datetime, until: datetime) -> pd.DataFrame:
        """A row for each topic that was sent to; those of orders in one. Those with most receivers first."""
        import pandas as pd  # noqa: PLC0415

        rows = self._ask(statements.BY_TOPIC, **_placed(since, until))
        return pd.DataFrame(rows, columns=["topic", "sent", "receivers", "received", "read"])

    def reached_by_kind(self, since: datetime, until: datetime, within: timedelta) -> pd.DataFrame:
        """Of what was sent to customers by name and has had the time: how much was received `within` it, by kind."""
        import pandas as pd  # noqa: PLC0415

        rows = self._ask(statements.REACHED_BY_KIND, **_with_time(since, until, within))
        return pd.DataFrame(rows, columns=["event", "sent", "reached"])

    def customers(self, since: datetime, until: datetime, within: timedelta) -> int:
        """To how many customers anything was sent by name that has had so much time."""
        (row,) = self._ask(statements.CUSTOMERS, **_with_time(since, until, within))
        return int(row["customers"])

    def not_reached(self, since: datetime, until: datetime, within: timedelta) -> tuple[int, pd.DataFrame]:
        """The customers who received nothing of what was sent to them by name, in the time that each of it had.

        Returns:
            How many they are, and the thousand to whom most was sent: `customer_id`, `sent`, `last_sent`.
        """
        import pandas as pd  # noqa: PLC0415

        rows = self._ask(statements.NOT_REACHED, **_with_time(since, until, within))
        frame = pd.DataFrame(rows, columns=["customer_id", "sent", "last_sent"])
        frame["last_sent"] = pd.to_datetime(frame["last_sent"].map(positions.to_ms), unit="ms", utc=True)
        return int(rows[0]["customers"]) if rows else 0, frame

    # -- How it is asked ---------------------------------------------------------------------------

    def _report(self, since: datetime, until: datetime) -> dict[str, Any]:
        report = self._read(lambda: of_hours.report(None, since, until))
        if not report["total"]["receivers"]:
            (bounds,) = self._ask(statements.BOUNDS)
            last = None if bounds["last"] is None else positions.to_ms(bounds["last"]) / 1000
            raise NothingSent(since, until, None if last is None else datetime.fromtimestamp(last, UTC))
        return report

    def _ask(self, query: str, **numbers: int) -> list[dict[str, Any]]:
        """Asks with whole numbers of ours: no text gets into a statement."""

        async def ask() -> list[dict[str, Any]]:
            second = statements.SECOND["sqlite" if database.is_sqlite() else "postgres"]
            return await database.connection().execute_query_dict(query.format(received_second=second, **numbers))

        return [{name: _whole(value) for name, value in row.items()} for row in self._read(ask)]

    async def _check(self) -> None:
        dialect = database.dialect(self._url)
        ours = max(path.stem for path in (database.MIGRATIONS / dialect).glob("[0-9]*.py"))
        try:
            newest = await Migration.all().order_by("-id").first()
        except OperationalError as error:
            if Migration.Meta.table not in str(error):
                raise
            newest = None
        theirs = None if newest is None else newest.version.removesuffix(".py")
        if theirs != ours:
            raise OtherSchema(self.name, theirs, ours)

    def _read(self, work: Callable[[], Awaitable[T]]) -> T:
        """Runs work with a connection of its own.

        Raises:
            NoDatabase: it can't be reached.
        """

        async def connected() -> T:
            await Tortoise.init(config=_read_only(self._url))
            try:
                return await work()
            finally:
                await Tortoise.close_connections()

        try:
            return run_apart(connected())
        except SdkError:
            raise
        except Exception as error:
            if isinstance(error, _NO_WAY_IN) or database.is_unavailable(error):
                reason = " ".join(str(error).split()) or type(error).__name__
                raise NoDatabase(self.name, reason.rstrip(".")) from error
            raise


def _from_environment() -> str:
    try:
        loaded = settings.load()
    except ConfigurationError as error:
        raise NoDatabase("DATABASE_URL", str(error).replace("\n", "; ")) from None
    if loaded.database_url is not None:
        return loaded.database_url
    # A notebook runs in its own folder; `make run` keeps its data in the project's.
    is_here = loaded.database_file.is_file() or loaded.data_dir.is_absolute()
    return f"sqlite://{loaded.database_file if is_here else PROJECT / loaded.database_file}"


def _without_password(url: str) -> str:
    parts = urlsplit(str(url))
    if not parts.scheme:
        return repr(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _placed(since: datetime, until: datetime) -> dict[str, int]:
    """The bounds of positions that were given in a period."""
    return {
        "first": positions.from_ms(int(since.timestamp() * 1000)),
        "last": positions.from_ms(int(until.timestamp() * 1000)),
    }


def _with_time(since: datetime, until: datetime, within: timedelta) -> dict[str, int]:
    """The same without those that have not had so much time yet."""
    if within <= timedelta(0):
        raise BadParameter("within", str(within), "be more than nothing")
    return _placed(since, min(until, datetime.now(UTC) - within)) | {"within": int(within.total_seconds())}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value  # a sum of PostgreSQL


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a report with a column for each quantile: `received_to_read_p50_ms`."""
    flat = {name: value for name, value in row.items() if name not in of_hours.TIMES}
    for name in of_hours.TIMES:
        for share in ("p50", "p95"):
            flat[f"{name.removesuffix('_ms')}_{share}_ms"] = nan if row[name] is None else row[name][share]
    return flat


def _read_only(url: str) -> dict[str, Any]:
    # Not the service's models: as long as a process lives they belong to the dialect that they were first used with.
    config = database.tortoise_config(url) | {"apps": {"sdk": {"models": [__name__], "default_connection": "default"}}}
    credentials = config["connections"]["default"]["credentials"]
    if database.dialect(url) == "sqlite":
        credentials["query_only"] = "ON"
    else:
        credentials |= {"maxsize": 1, "timeout": CONNECT_SECONDS, "command_timeout": STATEMENT_SECONDS}
        credentials["server_settings"] = {"default_transaction_read_only": "on"}
    return config


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in a loop and thread of its own: Jupyter's loop is running already."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="database", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
