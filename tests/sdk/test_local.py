"""A service of one's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.sdk import BadParameter, Deployment, NoKeys, Refused, Sender, ServiceFailed, local_service
from app.sdk.local import LocalService
from tests.support.service import ROOT, lives, wait_until


def family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def test_it_answers_and_goes_with_all_that_it_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", "postgres://somebody:elses@127.0.0.1:1/database")
    with local_service() as service, service.sender() as sender:
        (sent,) = sender.send(receiver_id=1, title_text="x")
        assert sent.position is not None
        processes = family(service.pid)
        assert len(processes) == 2, "the service and its Redis"
        assert Path(service.database_url.removeprefix("sqlite://")).exists()
    assert not any(lives(each) for each in processes)
    assert not list(tmp_path.iterdir())


def test_after_a_kill_it_is_the_same_service_again() -> None:
    with local_service() as service, service.sender() as sender, service.receiver(1) as receiver:
        sender.send(receiver_id=1, title_text="before")
        url = service.url
        with pytest.raises(ServiceFailed, match="runs already"):
            service.start()
        service.kill()
        with pytest.raises(ServiceFailed, match="is not running"):
            _ = service.pid
        service.start()
        assert service.url == url
        sender.send(receiver_id=1, title_text="after")
        assert [each.title_text for each in receiver.take(2)] == ["before", "after"]


def test_a_service_that_can_not_start_says_why() -> None:
    sentence = r"did not start: getnotified can't start: HEARTBEAT_SECONDS='x'"
    with pytest.raises(ServiceFailed, match=sentence), local_service(HEARTBEAT_SECONDS="x"):
        pass


def test_a_setting_that_it_has_not_is_named() -> None:
    sentence = "HARTBEAT_SECONDS='1' must be a setting of the service"
    with pytest.raises(BadParameter, match=sentence), local_service(HARTBEAT_SECONDS="1"):
        pass


@pytest.mark.parametrize("name", ["DATA_DIR", "DATABASE_URL"])
def test_its_folder_is_its_own(name: str) -> None:
    with pytest.raises(BadParameter, match=f"{name}='x' must not be given"), local_service(**{name: "x"}):
        pass


def test_whoever_stops_waiting_for_it_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def interrupted(self: LocalService, process: subprocess.Popen[bytes]) -> str:
        started.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(LocalService, "_wait_until_ready", interrupted)
    with pytest.raises(KeyboardInterrupt), local_service():
        pass
    assert started[0].poll() is not None
    assert not list(tmp_path.iterdir())


HOLDS_ONE = """
import sys
from app.sdk import local_service
with local_service() as service:
    print(service.pid, flush=True)
    sys.stdin.read()
"""


def test_it_does_not_outlive_whoever_started_it(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS_ONE],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert holder.stdin is not None
    processes = family(int(holder.stdout.readline()))
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    wait_until(lambda: not any(lives(each) for each in processes), "the service and its Redis have ended")
    assert not list(tmp_path.iterdir())
    holder.stdin.close()
    holder.stdout.close()


# -- Deployments ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    with local_service() as service:
        yield service


@pytest.mark.parametrize("subject", ["customer:x", "customer:-1", f"customer:{2**63}", "sender:", "king:1", ""])
def test_a_subject_that_nobody_can_have_is_refused(subject: str) -> None:
    with pytest.raises(BadParameter, match="must be customer:<number>, sender:<name> or ops:<name>"):
        Deployment("http://x", "k" * 32).token(subject)


def test_a_token_is_bounded_as_asked(service: LocalService) -> None:

    with Sender(service.url, service.token("sender:shop", topics=["order.*"])) as sender:
        sender.send(topic="order.created", title_text="x")
        with pytest.raises(Refused, match="topic_not_allowed"):
            sender.send(topic="stock.low", title_text="x")


def test_keys_come_from_the_environment(service: LocalService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATA_DIR", str(service.data_dir))
    monkeypatch.setenv("GETNOTIFIED_URL", service.url)
    with Deployment.from_environment().ops() as ops:
        assert ops.stats()["connections"] == 0
    monkeypatch.setenv("SECRET_KEY", "another key, which is not the service's")
    with Deployment.from_environment().ops() as ops, pytest.raises(Refused, match="401 token_invalid"):
        ops.stats()
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "empty"))
    with pytest.raises(NoKeys, match="SECRET_KEY is not set, and `make run` has made none in"):
        Deployment.from_environment()
    assert not (tmp_path / "empty").exists(), "looking for a key makes none"
    with pytest.raises(BadParameter, match="url='nowhere'"):
        Deployment.from_environment("nowhere")
    monkeypatch.setenv("PORT", "x")
    with pytest.raises(NoKeys, match="PORT='x'"):
        Deployment.from_environment()
