"""The service's commands with a clock of their own: what waits for clients waits for a second and not for a minute."""

from __future__ import annotations

from app import asgi
from app.__main__ import cli
from app.run import drain

SECONDS = 1.0

setattr(asgi, "BODY_SECONDS", SECONDS)  # noqa: B010  # an assignment would need leave to write to another's module
setattr(drain, "KEEP_ALIVE_SECONDS", SECONDS)  # noqa: B010  # the same

if __name__ == "__main__":
    cli(prog_name="python -m app")
