"""Every setting of the service: name (an environment variable), unit, default, range and reason.

`load()` reads them once at start; a bad value is refused there, with one line for each setting.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from app.errors import ConfigurationError

# Not repeated in messages, which end up in logs that others read.
SECRETS = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"}

KIB = 1024
MIB = 1024 * KIB


class Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    # -- Where it listens ---------------------------------------------------------------------------
    host: str = Field("127.0.0.1", description="Address to listen on. Loopback unless told otherwise.")
    port: int = Field(8000, ge=0, le=65535, description="TCP port; 0 takes a free one.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="What is written to standard error: a line when something happens, none for each request."
    )

    # -- What it stands on --------------------------------------------------------------------------
    data_dir: Path = Field(Path("var"), description="Folder of the embedded SQLite, Redis and secret key.")
    database_url: str | None = Field(
        None, description="postgres://user:password@host:port/name, or sqlite:///path. Absent: SQLite in DATA_DIR."
    )
    redis_url: str | None = Field(
        None, description="redis://host:port/0 or unix:///path. Absent: a redis-server of our own in DATA_DIR."
    )
    secret_key: str | None = Field(
        None, min_length=32, description="Signs tokens (HS256, RFC 7518 § 3.2 wants 32 bytes or more)."
    )

    # -- Who may come in ----------------------------------------------------------------------------
    session_cookie_secure: bool = Field(False, description="Mark the cookie Secure: on wherever TLS is in front.")
    cors_origins: tuple[str, ...] = Field((), description="Other origins whose pages may call us: '[\"https://a.b\"]'.")
    ops_networks: tuple[IPv4Network | IPv6Network, ...] = Field(
        (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"), IPv4Network("10.0.0.0/8")),
        description="Networks that may read /metrics without a token.",
    )

    # -- What a sender may send ---------------------------------------------------------------------
    request_max_bytes: int = Field(
        MIB, ge=KIB, le=64 * MIB, description="A request's body. 1,000 notifications of 1 KB fit."
    )
    commit_max_rows: int = Field(
        1000, ge=1, le=10_000, description="Rows in one group commit: bounds how long the next one waits (about 20 ms)."
    )

    # -- The log ------------------------------------------------------------------------------------
    log_max_entries: int = Field(
        100_000,
        ge=2000,
        le=10_000_000,
        description="Entries kept in Redis: how far behind a tail may fall before it must ask the database. More than "
        "the 1,000 of one read.",
    )
    relay_interval_seconds: float = Field(
        0.1, gt=0, le=60, description="How often a relay looks for what is due: how late it may be released."
    )
    relay_lease_seconds: float = Field(
        5, ge=1, le=60, description="How long after a relay's death another takes over, at the most."
    )
    relay_grace_seconds: float = Field(
        2, ge=0, le=60, description="Age at which a row that was not carried is the relay's. Younger ones are in hand."
    )

    # -- A web process's memory ---------------------------------------------------------------------
    window_max_entries: int = Field(
        50_000, ge=10, le=10_000_000, description="Newest entries kept for replay without the database."
    )
    window_max_bytes: int = Field(64 * MIB, ge=64 * KIB, le=4096 * MIB, description="The same, in bytes of frames.")

    # -- Connections --------------------------------------------------------------------------------
    connections_per_customer: int = Field(
        10, ge=0, description="Open streams of one customer: devices and tabs, not a leak. 0: no limit."
    )
    connections_per_process: int = Field(
        15_000, ge=1, description="Open streams of one web process. Below the usual 20,000 open files."
    )
    topics_per_connection: int = Field(
        100, ge=0, le=1000, description="`?topic=` on one stream. Each is one index look-up at replay."
    )
    unsent_max_bytes: int = Field(
        64 * KIB, ge=KIB, le=16 * MIB, description="Bytes a slow browser may leave unread before it is caught up later."
    )
    stalled_seconds: float = Field(
        60, gt=0, le=3600, description="A browser that reads nothing for so long is cut off; it resumes by its last id."
    )
    heartbeat_seconds: float = Field(
        15, gt=0, le=300, description="Silence after which a heartbeat is sent. Proxies cut idle links at 30-60 s."
    )
    retry_min_ms: int = Field(1000, ge=0, description="Browsers come back after a random time between the two, so")
    retry_max_ms: int = Field(5000, ge=1, description="that a restart is not answered by all of them at once.")
    drain_seconds: float = Field(1, gt=0, le=60, description="On SIGTERM, every stream has ended within this time.")

    # -- History ------------------------------------------------------------------------------------
    retention_days: int = Field(30, ge=1, le=3650, description="Days of notifications kept for inbox and replay.")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("postgres://", "postgresql://", "sqlite://")):
            raise ValueError("must start with postgres://, postgresql:// or sqlite://")
        return url

    @field_validator("data_dir")
    @classmethod
    def _writable_in_a_url(cls, path: Path) -> Path:
        if set(str(path)) & set("?#%"):
            raise ValueError("must not contain ?, # or %, which mean something else in the database's URL")
        return path

    @field_validator("redis_url")
    @classmethod
    def _known_redis(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must start with redis://, rediss:// or unix://")
        return url

    @property
    def database_file(self) -> Path:
        return self.data_dir / "getnotified.sqlite3"

    @property
    def resolved_database_url(self) -> str:
        return self.database_url or f"sqlite://{self.database_file}"


def _line(problem: ErrorDetails) -> str:
    name = str(problem["loc"][0]).upper()
    value = "" if name in SECRETS else f"={problem['input']!r}"
    return f"{name}{value}: {problem['msg']}"


def load(**overrides: object) -> Settings:
    """The settings from the environment.

    Raises:
        ConfigurationError: a value is not of its type or outside its range; one line a setting.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # values are checked by pydantic
    except ValidationError as error:
        raise ConfigurationError("\n".join(_line(problem) for problem in error.errors())) from None
    except SettingsError as error:  # a list that is not JSON
        name = re.search(r'field "(\w+)"', str(error))
        what = name[1].upper() if name else "A setting"
        raise ConfigurationError(f'{what}: must be a JSON list of texts, such as ["https://example.com"]') from None
    if settings.retry_min_ms > settings.retry_max_ms:
        raise ConfigurationError(f"RETRY_MIN_MS={settings.retry_min_ms} is above RETRY_MAX_MS={settings.retry_max_ms}")
    return settings
