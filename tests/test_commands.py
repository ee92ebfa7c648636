"""The commands: what an operator sees of them."""

from __future__ import annotations

import logging
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.auth import Tokens
from app.commands import cli
from app.settings import Settings
from tests.support.service import run_command

ROOT = Path(__file__).parents[1]
KEY = "a key of thirty-two bytes or more"
PATIENCE_SECONDS = 20.0


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = root.handlers[:], root.level
    root.handlers = []
    yield
    root.handlers, level = before
    root.setLevel(level)


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return {"DATA_DIR": str(tmp_path / "data"), "SECRET_KEY": KEY}


def run(environment: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner(env=environment).invoke(cli, arguments)


class TestHelp:
    def test_all_commands_are_listed(self) -> None:
        result = run({}, "--help")
        assert result.exit_code == 0
        listed = re.findall(r"^  ([a-z-]+)  ", result.output, re.MULTILINE)
        assert sorted(listed) == sorted(cli.commands)
        assert {"dev", "web", "relay", "migrate", "token"} <= set(listed)

    @pytest.mark.parametrize("command", sorted(cli.commands))
    @pytest.mark.parametrize("option", ["-h", "--help"])
    def test_every_command_says_what_it_does(self, command: str, option: str) -> None:
        result = run({}, command, option)
        assert result.exit_code == 0
        usage, says, *_ = [line for line in result.output.splitlines() if line]
        assert usage.startswith("Usage: ")
        assert says.strip().endswith(".")

    def test_help_needs_no_settings(self) -> None:
        assert run({"PORT": "http"}, "web", "--help").exit_code == 0

    def test_an_unknown_command_is_refused(self) -> None:
        assert run({}, "serve").exit_code == 2


class TestToken:
    def test_a_customers_token_is_verified_by_the_service_with_the_same_key(self, environment: dict[str, str]) -> None:
        result = run(environment, "token", "--customer", "42")
        assert result.exit_code == 0
        identity = Tokens(KEY).verify(result.stdout.strip())
        assert (identity.subject, identity.role, identity.topics) == ("customer:42", "customer", None)

    @pytest.mark.parametrize(("option", "name", "role"), [("--sender", "shop", "sender"), ("--ops", "analyst", "ops")])
    def test_senders_and_operators_get_one_by_name(
        self, environment: dict[str, str], option: str, name: str, role: str
    ) -> None:
        result = run(environment, "token", option, name)
        identity = Tokens(KEY).verify(result.stdout.strip())
        assert (identity.subject, identity.role) == (f"{role}:{name}", role)

    def test_a_range_prints_one_a_line(self, environment: dict[str, str]) -> None:
        result = run(environment, "token", "--customer", "8-11")
        subjects = [Tokens(KEY).verify(line).subject for line in result.stdout.splitlines()]
        assert subjects == ["customer:8", "customer:9", "customer:10", "customer:11"]

    def test_topics_bound_it(self, environment: dict[str, str]) -> None:
        result = run(environment, "token", "--customer", "1", "--topics", "order:1001", "--topics", "news")
        assert Tokens(KEY).verify(result.stdout.strip()).topics == ("order:1001", "news")

    def test_days_bound_it_too(self, environment: dict[str, str]) -> None:
        one, many = (
            Tokens(KEY).verify(run(environment, "token", "--sender", "shop", "--days", days).stdout.strip()).expires_at
            for days in ("1", "365")
        )
        assert one is not None
        assert many is not None
        assert 363 * 86400 < many - one < 365 * 86400

    def test_without_a_key_it_is_that_of_the_data_folder(self, environment: dict[str, str]) -> None:
        del environment["SECRET_KEY"]
        result = run(environment, "token", "--customer", "1")
        key = Path(environment["DATA_DIR"], "secret_key").read_text().strip()
        assert Tokens(key).verify(result.stdout.strip()).subject == "customer:1"
        again = run(environment, "token", "--customer", "1")
        assert Tokens(key).verify(again.stdout.strip()).subject == "customer:1"

    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["--customer", "1", "--sender", "shop"],
            ["--customer", "1", "--sender", "shop", "--ops", "analyst"],
            ["--customer", "shop"],
            ["--customer", ""],
            ["--customer", "-1"],
            ["--customer", "1-"],
            ["--customer", "5-1"],
            ["--customer", "0-1000000"],
            ["--customer", "1" * 19],
            ["--customer", "\u0661"],
            ["--customer", "1", "--days", "many"],
        ],
        ids=" ".join,
    )
    def test_what_makes_no_sense_is_refused_and_prints_no_token(
        self, environment: dict[str, str], arguments: list[str]
    ) -> None:
        result = run(environment, "token", *arguments)
        assert result.exit_code == 2
        assert result.stdout == ""
        assert "Error: " in result.stderr
        assert "Traceback" not in result.output

    @pytest.mark.parametrize("name", ["my shop", "", "a" * 101, "caf\u00e9"])
    def test_a_name_that_no_token_can_have_is_refused(self, environment: dict[str, str], name: str) -> None:
        result = run(environment, "token", "--sender", name)
        assert (result.exit_code, result.stdout) == (2, "")

    @pytest.mark.parametrize("days", ["nan", "inf", "-1", "0"])
    def test_a_time_that_is_none_is_refused(self, environment: dict[str, str], days: str) -> None:
        result = run(environment, "token", "--sender", "shop", "--days", days)
        assert (result.exit_code, result.stdout) == (2, "")


class TestSettings:
    @pytest.mark.parametrize("command", sorted(cli.commands))
    def test_a_bad_setting_is_one_line_and_exit_code_2(self, environment: dict[str, str], command: str) -> None:
        result = run(environment | {"PORT": "http"}, command)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("getnotified can't start: PORT='http': ")
        assert result.stdout == ""

    @pytest.mark.parametrize(
        ("command", "missing"), [("web", "REDIS_URL"), ("relay", "REDIS_URL"), ("web", "SECRET_KEY")]
    )
    def test_what_production_needs_is_asked_for(self, environment: dict[str, str], command: str, missing: str) -> None:
        given = {"REDIS_URL": "redis://127.0.0.1:1", "SECRET_KEY": KEY, "DATA_DIR": environment["DATA_DIR"]}
        del given[missing]
        result = run(given, command)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"getnotified can't start: {missing} is not set.")

    def test_a_port_that_is_taken_is_one_line_too(self, environment: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = run(environment | {"PORT": str(port), "REDIS_URL": "redis://127.0.0.1:1"}, "web")
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line == (
            f"getnotified can't start: Can't listen on 127.0.0.1:{port}: Address already in use. "
            "Set HOST or PORT to another."
        )

    @pytest.mark.parametrize("name", ["CORS_ORIGINS", "OPS_NETWORKS"])
    def test_a_list_that_is_not_written_as_json_is_one_line_too(self, environment: dict[str, str], name: str) -> None:
        result = run(environment | {name: "https://example.com"}, "token", "--customer", "1")
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"getnotified can't start: {name}")

    @pytest.mark.parametrize(("name", "value"), [("SECRET_KEY", "hunter2"), ("DATABASE_URL", "mysql://u:hunter2@db/x")])
    def test_a_secret_is_not_repeated(self, environment: dict[str, str], name: str, value: str) -> None:
        result = run(environment | {name: value}, "migrate")
        assert result.exit_code == 2
        assert "hunter2" not in result.output

    @pytest.mark.parametrize("command", ["dev", "migrate"])
    def test_a_data_folder_that_can_not_be_made_is_one_line_too(
        self, environment: dict[str, str], tmp_path: Path, command: str
    ) -> None:
        (tmp_path / "file").touch()
        result = run(environment | {"DATA_DIR": str(tmp_path / "file")}, command)
        assert result.exit_code == 2
        (line,) = result.stderr.splitlines()
        assert line.startswith("getnotified can't start: DATA_DIR=")


class TestMigrate:
    """In processes of their own: Tortoise keeps what it was first told in one."""

    def test_it_makes_the_schema_and_says_what_it_did(self, environment: dict[str, str]) -> None:
        first = run_command("migrate", **environment)
        assert first.returncode == 0, first.stderr
        assert first.stdout.startswith("applied 0_")
        again = run_command("migrate", **environment)
        assert (again.returncode, again.stdout) == (0, "the schema is up to date\n")

    def test_others_can_not_read_what_customers_were_sent(self, environment: dict[str, str]) -> None:
        umask = os.umask(0o022)
        try:
            assert run_command("migrate", **environment).returncode == 0
        finally:
            os.umask(umask)
        assert Path(environment["DATA_DIR"]).stat().st_mode & 0o077 == 0


def test_it_is_run_as_a_module(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "token", "--customer", "42"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    assert Tokens(KEY).verify(ended.stdout.strip()).subject == "customer:42"
    assert ended.stderr == ""


def test_its_usage_names_the_way_in_which_it_is_run(environment: dict[str, str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app", "token"],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("Usage: python -m app token [OPTIONS]")
    assert "Give exactly one of --customer, --sender and --ops." in ended.stderr
