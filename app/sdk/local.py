"""A service for a notebook or a test alone: `python -m app dev` on a free port, in a folder that goes with it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from app.run.embedded import embedded_secret_key
from app.sdk.deployment import CHECKOUT, Deployment
from app.sdk.errors import BadParameter, ServiceFailed
from app.settings import Settings

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02

_LISTENS = re.compile(r"^getnotified listens on (http://\S+)$", re.MULTILINE)


class LocalService(Deployment):
    """A running service of one's own: SQLite, Redis, web process and relay, all in one process.

    Attributes:
        url: its address, the same after a restart.
        data_dir: where all that it keeps is.
    """

    def __init__(self, folder: Path, settings: dict[str, str]) -> None:
        self._folder = folder
        self.data_dir = folder / "var"
        self._output = folder / "output"
        inherited = {name: value for name, value in os.environ.items() if name not in SETTINGS}
        own = {"DATA_DIR": str(self.data_dir), "PORT": "0", "HOST": "127.0.0.1", "PYTHONPATH": str(CHECKOUT)}
        self._environment = inherited | own | settings
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__(self._start(), settings.get("SECRET_KEY") or embedded_secret_key(self.data_dir))
        self._environment["PORT"] = str(httpx.URL(self.url).port)

    @property
    def database_url(self) -> str:
        return f"sqlite://{self.data_dir / 'getnotified.sqlite3'}"

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def output(self) -> str:
        """What it has printed since it was started."""
        return self._output.read_text(errors="replace")

    def start(self) -> None:
        """Starts it again after `kill` or `stop`; returns once it answers.

        Raises:
            ServiceFailed: it does not.
        """
        self._start()

    def kill(self) -> None:
        """Ends it with SIGKILL, as a crash or an out-of-memory killer would."""
        self._running.kill()
        self._reap()

    def stop(self) -> None:
        """Ends it with SIGTERM, as a deployment does.

        Raises:
            ServiceFailed: it does not end.
        """
        self._running.terminate()
        self._reap()

    def close(self) -> None:
        if self._process is not None:
            self.stop()

    def _start(self) -> str:
        if self._process is not None:
            raise ServiceFailed("runs already")
        arguments = [sys.executable, "-m", "app.sdk.attached", str(self._folder), "dev"]
        with self._output.open("wb") as output:
            # Of a session of its own: Ctrl-C in a terminal is for the program that uses it.
            self._process = subprocess.Popen(
                arguments,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return self._wait_until_ready(self._process)
        except BaseException:  # also Ctrl-C: nobody else knows of it
            self.kill()
            raise

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str:
        deadline = time.monotonic() + START_SECONDS
        while not (url := self._ready()):
            if process.poll() is not None:
                raise ServiceFailed("did not start", self.output)
            if time.monotonic() > deadline:
                raise ServiceFailed(f"was not ready after {START_SECONDS:g} s", self.output)
            time.sleep(POLL_SECONDS)
        return url

    def _ready(self) -> str | None:
        found = _LISTENS.search(self.output)
        if found is None:
            return None
        try:
            return found[1] if httpx.get(f"{found[1]}/readyz", trust_env=False).status_code == 200 else None
        except httpx.TransportError:
            return None

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise ServiceFailed("is not running; start() starts it")
        return self._process

    def _reap(self) -> None:
        process = self._running
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise ServiceFailed(f"did not end within {STOP_SECONDS:g} s", self.output) from None
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            assert process.stdin is not None
            process.stdin.close()
            self._process = None


SETTINGS = {name.upper() for name in Settings.model_fields}
OWN = {"DATA_DIR", "DATABASE_URL"}


@contextmanager
def local_service(**settings: str) -> Iterator[LocalService]:
    """Starts a service, and takes it away again with all that it kept.

    Args:
        settings: of the service, by the names of the environment: `HEARTBEAT_SECONDS="1"`.

    Raises:
        BadParameter: the service has no such setting.
        ServiceFailed: it does not start; the sentence has its last line.
    """
    for name, value in settings.items():
        if name not in SETTINGS:
            raise BadParameter(name, value, "be a setting of the service (see app/settings.py)")
        if name in OWN:
            raise BadParameter(name, value, "not be given: a local service has a folder and a database of its own")
    folder = Path(tempfile.mkdtemp(prefix="getnotified-"))
    service: LocalService | None = None
    try:
        service = LocalService(folder, {name: str(value) for name, value in settings.items()})
        yield service
    finally:
        try:
            if service is not None:
                service.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def opened(url: str | None = None, **settings: str) -> AbstractContextManager[Deployment]:
    """The service at an address, for as long as it is used; None: one for this program alone, with these settings."""
    return local_service(**settings) if url is None else _elsewhere(url)


@contextmanager
def _elsewhere(url: str) -> Iterator[Deployment]:
    yield Deployment.from_environment(url)
