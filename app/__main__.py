"""`python -m app`."""

import gc

gc.disable()  # a start took an eighth longer with its rounds, and nothing that loading makes is garbage

from app.commands import cli  # noqa: E402

gc.enable()

if __name__ == "__main__":
    cli(prog_name="python -m app")
