"""Where a deployment is, for those who open sockets to it themselves."""

from __future__ import annotations

import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from app.sdk.errors import NotReachable

CONNECT_SECONDS = 10.0


class Address(NamedTuple):
    """Where the service listens.

    Attributes:
        host: an IP address: names are looked up once, not by every connection.
        authority: for the Host header (RFC 9110 § 7.2).
        server_name: for TLS; None: there is none.
        prefix: of all paths.
    """

    host: str
    port: int
    authority: str
    server_name: str | None
    prefix: str


def reach(url: str) -> Address:
    """The address behind a URL, of those that a name may have one at which somebody listens.

    Raises:
        NotReachable: nobody does.
    """
    parsed = urlsplit(url)
    is_secure = parsed.scheme == "https"
    name, port = parsed.hostname or "", parsed.port or (443 if is_secure else 80)
    try:
        with socket.create_connection((name, port), CONNECT_SECONDS) as opened:
            host = opened.getpeername()[0]
    except TimeoutError:
        raise NotReachable(url, "no answer in time") from None
    except OSError as error:
        raise NotReachable(url, error.strerror or str(error)) from None
    authority = parsed.netloc.rpartition("@")[2]
    return Address(host, port, authority, name if is_secure else None, parsed.path.rstrip("/"))
