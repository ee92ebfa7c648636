"""The service's commands under a Hypercorn as a later version might be: what takes a connection has another name."""

from __future__ import annotations

from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer

from app.__main__ import cli


class StreamServer(TCPServer):
    pass


setattr(run, "TCPServer", StreamServer)  # noqa: B010  # an assignment would need leave to write to another's module

if __name__ == "__main__":
    cli(prog_name="python -m app")
