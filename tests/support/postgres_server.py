"""A PostgreSQL that tests may stop: its programs run as an unprivileged user, its data is gone with it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import pytest

DEBIANS = Path("/usr/lib/postgresql")  # Debian keeps the programs out of PATH, in a folder for each version


def programs() -> Path:
    """The folder of PostgreSQL's programs. Without them a test is skipped; in CI (the variable is set) it fails."""
    for found in sorted(DEBIANS.glob("*/bin/initdb"), reverse=True):
        return found.parent
    if on_path := shutil.which("initdb"):
        return Path(on_path).parent
    missing = "PostgreSQL's programs (initdb, pg_ctl) are not installed"
    if os.environ.get("CI"):
        pytest.fail(f"{missing}: in CI nothing is skipped for that")
    pytest.skip(missing)


class PostgresServer:
    """A server on a port of its own. It runs from `with` to the end of the block, but for when it is stopped."""

    def __init__(self) -> None:
        self._programs = programs()
        self._folder = Path(tempfile.mkdtemp(prefix="gn-postgres-", dir="/tmp"))
        self._data = self._folder / "data"
        self._user = _unprivileged() if os.geteuid() == 0 else None
        if self._user is not None:
            os.chown(self._folder, self._user.pw_uid, self._user.pw_gid)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self.url = f"postgres://postgres@127.0.0.1:{self._port}/postgres"

    def __enter__(self) -> Self:
        self._run("initdb", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if (self._data / "postmaster.pid").exists():  # a test that failed may have left it stopped
            self.stop("immediate")
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Returns once it takes connections."""
        # Its data does not outlive the tests, so it need not wait for the disk.
        options = "-c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200"
        self._run("pg_ctl", "start", "-w", "-l", str(self._folder / "log"), "-o", f"-p {self._port} {options}")

    def stop(self, mode: str) -> None:
        """Returns once it is gone.

        Args:
            mode: `fast`: connections are cut, what they had begun is undone; `immediate`: as in a crash.
        """
        self._run("pg_ctl", "stop", "-w", "-m", mode)

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments, "-D", self._data],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=self._folder,
            user=None if self._user is None else self._user.pw_uid,
            group=None if self._user is None else self._user.pw_gid,
            extra_groups=None if self._user is None else (),
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"


def _unprivileged() -> pwd.struct_passwd:
    """Somebody else than root, as whom PostgreSQL refuses to run."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
