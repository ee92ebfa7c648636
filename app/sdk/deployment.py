"""A deployment: a running service, and the key with which tokens for it are signed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from app import settings as settings_module
from app.auth import CUSTOMER_ID_MAX, Role, Tokens
from app.errors import ConfigurationError
from app.run.embedded import embedded_secret_key
from app.sdk.call import checked_url
from app.sdk.errors import BadParameter, NoKeys
from app.sdk.ops import AsyncOps, Ops
from app.sdk.receiver import AsyncReceiver, Receiver
from app.sdk.sender import AsyncSender, Sender

CHECKOUT = Path(__file__).parents[2]
ROLES: Sequence[Role] = ("customer", "sender", "ops")


class Deployment:
    """Clients for anybody at one service.

    Args:
        url: its address; None: see `call.checked_url`.
        secret_key: the one that it verifies tokens with.
    """

    def __init__(self, url: str | None, secret_key: str) -> None:
        self.url = checked_url(url)
        self._tokens = Tokens(secret_key)

    @classmethod
    def from_environment(cls, url: str | None = None) -> Deployment:
        """The service at `url`, else `GETNOTIFIED_URL`, else where `make run` listens.

        Tokens are signed with `SECRET_KEY`, else with the key that `make run` has made under `DATA_DIR`.

        Raises:
            NoKeys: there is neither.
        """
        url = checked_url(url)  # first: of two mistakes, the plainer one
        try:
            settings = settings_module.load()
            return cls(url, settings.secret_key or _key_of_make_run(settings.data_dir))
        except ConfigurationError as error:
            raise NoKeys(str(error)) from None

    def token(self, subject: str, topics: Sequence[str] | None = None, days: float = 1) -> str:
        """A token for `customer:42`, `sender:shop` or `ops:analyst`.

        Args:
            topics: patterns that bound what may be listened or sent to; None: every topic.

        Raises:
            BadParameter: a subject can't look like that.
        """
        role, _, name = subject.partition(":")
        is_customer = role == "customer" and name.isdecimal() and int(name) <= CUSTOMER_ID_MAX
        if not is_customer and (role not in ROLES[1:] or not Tokens.can_name(subject)):
            raise BadParameter("subject", subject, "be customer:<number>, sender:<name> or ops:<name>")
        patterns = [topics] if isinstance(topics, str) else topics
        return self._tokens.sign(subject, cast(Role, role), None if patterns is None else list(patterns), days)

    def sender(self, name: str = "notebook", **options: Any) -> Sender:
        return Sender(self.url, self.token(f"sender:{name}"), **options)

    def async_sender(self, name: str = "notebook", **options: Any) -> AsyncSender:
        return AsyncSender(self.url, self.token(f"sender:{name}"), **options)

    def receiver(self, customer_id: int, **options: Any) -> Receiver:
        return Receiver(self.url, self.token(f"customer:{customer_id}"), **options)

    def async_receiver(self, customer_id: int, **options: Any) -> AsyncReceiver:
        return AsyncReceiver(self.url, self.token(f"customer:{customer_id}"), **options)

    def ops(self, name: str = "notebook") -> Ops:
        return Ops(self.url, self.token(f"ops:{name}"))

    def async_ops(self, name: str = "notebook") -> AsyncOps:
        return AsyncOps(self.url, self.token(f"ops:{name}"))


def _key_of_make_run(data_dir: Path) -> str:
    """The key under `data_dir`, looked for from here and from the checkout: a notebook runs in its own folder."""
    for folder in (data_dir, CHECKOUT / data_dir):
        if (folder / "secret_key").exists():
            return embedded_secret_key(folder)
    raise NoKeys(f"SECRET_KEY is not set, and `make run` has made none in {data_dir}/ yet.")
