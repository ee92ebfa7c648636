"""The service's commands under a Hypercorn as a later version might be: what takes a connection has another name."""

from __future__ import annotations

from app.__main__ import cli
from app.run import mended_hypercorn


class StreamServer(mended_hypercorn.TCPServer):
    pass


setattr(mended_hypercorn, "TCPServer", StreamServer)  # noqa: B010  # an assignment to a class is refused by mypy

if __name__ == "__main__":
    cli(prog_name="python -m app")
