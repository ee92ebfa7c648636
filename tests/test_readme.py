"""README.md does what it says: its commands are run as they stand (its scripts for Chromium: `browser/`)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.service import PATIENCE_SECONDS, ROOT, Dev, clean_environment

README = (ROOT / "README.md").read_text()
ADDRESS = "http://127.0.0.1:8000"
TIMED_OUT = 28  # what curl ends with after --max-time
PICTURE_MAX_BYTES = 200_000


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


COMMANDS = blocks("sh")
SEND, REPORT, LISTEN = "/notifications", "/order-events", "/stream"
(CHECK,) = (each for each in COMMANDS if "check-latency" in each)


@pytest.fixture(scope="module")
def service() -> Iterator[Dev]:
    service = Dev()
    service.start()
    yield service
    service.close()


def need(program: str) -> None:
    """Skips a test where a program is missing; in CI (the variable is set) it fails."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"There is no {program}: in CI nothing is skipped for that")
        pytest.skip(f"There is no {program}")


def command_with(text: str) -> str:
    (command,) = (each for each in COMMANDS if ADDRESS + text in each)
    return command


def run(command: str, service: Dev) -> subprocess.CompletedProcess[str]:
    assert ".venv/bin/python" in command
    return subprocess.run(
        ["sh", "-eu", "-c", command.replace(ADDRESS, service.url).replace(".venv/bin/python", sys.executable)],
        cwd=ROOT,
        env=clean_environment({"DATA_DIR": str(service.data_dir)}) | {"NO_PROXY": "*"},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def shape(value: Any) -> Any:
    """Of JSON: names and types, without the values."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    return [shape(each) for each in value] if isinstance(value, list) else type(value)


def test_every_command_is_tried() -> None:
    made = {"make run\n", "make test\n", "make lint\n", "make lab\n"}
    tried = made | {CHECK, *(command_with(each) for each in (SEND, REPORT, LISTEN))}
    assert sorted(COMMANDS) == sorted(tried)


@pytest.mark.parametrize("command", ["make test", "make lint"])
def test_ci_runs_what_checks(command: str) -> None:
    assert command in (ROOT / ".ci" / "run").read_text().splitlines()


@pytest.mark.parametrize(
    ("target", "starts"),
    [("run", "exec .venv/bin/python -m app dev"), ("lab", "exec .venv/bin/python -m jupyterlab ")],
)
def test_make_starts_what_the_tests_start(target: str, starts: str) -> None:
    need("make")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert starts in f"{done.stdout.strip()} "


def test_latency_is_checked_as_written(service: Dev) -> None:
    shorter = CHECK.replace("--customers 500", "--customers 20").replace("--seconds 20", "--seconds 1")
    assert shorter != CHECK
    done = run(f"export GETNOTIFIED_URL={service.url}\n{shorter.replace('--p99-ms 50', '--p99-ms 5000')}", service)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("script", blocks("python"))
def test_the_client_receives_what_it_sends(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert (done.returncode, done.stdout) == (0, "Your order is ready\n"), done.stderr


def test_what_the_one_command_sends_the_other_prints(service: Dev) -> None:
    need("curl")
    sent = run(command_with(SEND), service)
    (promised,) = (json.loads(block) for block in blocks("json"))
    assert shape(json.loads(sent.stdout)) == shape(promised), sent.stderr
    (notification,) = json.loads(sent.stdout)["notifications"]

    heard = run(command_with(LISTEN), service)
    assert heard.returncode == TIMED_OUT, heard.stderr
    events = [dict(line.split(": ", 1) for line in block.splitlines()) for block in heard.stdout.split("\n\n") if block]
    (came,) = (each for each in events if each.get("event") == "notification")
    assert came["id"] == notification["position"]
    data = json.loads(came["data"])
    assert data["uid"] == notification["uid"]
    assert f'"title_text": "{data["title_text"]}"' in command_with(SEND)


def test_what_happened_to_an_order_is_told_in_words(service: Dev) -> None:
    need("curl")
    signed_in = command_with(SEND).splitlines(keepends=True)[0]
    done = run(signed_in + command_with(REPORT), service)
    (notification,) = json.loads(done.stdout)["notifications"]
    assert (notification["event"], notification["receiver_id"]) == ("order.out_for_delivery", 1), done.stderr
    assert notification["position"]


def test_every_link_leads_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_pictures_are_what_they_are_called_and_load_quickly() -> None:
    begins = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml"}
    pictures = [ROOT / picture for picture in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)]
    assert len(pictures) == 2
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(begins[picture.suffix])
        assert len(content) < PICTURE_MAX_BYTES
