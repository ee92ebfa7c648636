"""The layout: what a reader may rely on when they open a folder (DESIGN § 2). Read from the imports."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "app").rglob("*.py"))
LINES_MAX = 400

LEGS = ("accept", "carry", "deliver", "read", "report")
# Where legs meet: what joins them, and the description of all that they offer over HTTP.
MEETING_PLACES = {"wiring.py", "openapi.py"}
REDIS = {"carry/log.py", "run/embedded.py", "wiring.py"}
QUART = {
    "accept/api.py",
    "read/api.py",
    "report/api.py",
    "web/api.py",
    "http.py",
    "openapi.py",
    "session.py",
    "wiring.py",
    "run/drain.py",
    "run/health.py",
}
# Values and rules: tested by themselves, without a loop, a socket or a database.
PURE = (
    "accept/catalogue.py",
    "accept/compose.py",
    "accept/draft.py",
    "accept/known.py",
    "accept/life.py",
    "accept/order_event.py",
    "accept/parties.py",
    "accept/preview.py",
    "accept/template.py",
    "auth.py",
    "channel.py",
    "cors.py",
    "deliver/event.py",
    "deliver/frame.py",
    "deliver/window.py",
    "dto.py",
    "entry.py",
    "errors.py",
    "notification.py",
    "position.py",
    "preferences.py",
    "steps.py",
    "validation.py",
)
# The hub's own work is as pure; what it writes to is a connection.
PURE_BY_ITSELF = (*PURE, "deliver/hub.py")
DOES_IO = {
    "aerich",
    "aiosqlite",
    "asyncio",
    "asyncpg",
    "concurrent",
    "hypercorn",
    "multiprocessing",
    "os",
    "quart",
    "redis",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "tortoise",
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT / "app").as_posix()


@cache
def syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


@cache
def imported(path: Path) -> frozenset[str]:
    """Dotted names of all that a module imports, also inside functions; `from a import b` is `a` and `a.b`."""
    found: set[str] = set()
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide where a name is from"
            assert node.module is not None
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def file_of(dotted: str) -> Path | None:
    """The module of ours with that name, if it is one."""
    base = ROOT.joinpath(*dotted.split("."))
    for path in (base.with_suffix(".py"), base / "__init__.py"):
        if dotted.startswith("app") and path in MODULES:
            return path
    return None


@cache
def reached(path: Path) -> frozenset[Path]:
    """A module and all of ours that it needs, directly or through others."""
    found = {path}
    waiting = [path]
    while waiting:
        for dotted in imported(waiting.pop()):
            other = file_of(dotted)
            if other is not None and other not in found and other.name != "__init__.py":  # which shows what others hold
                found.add(other)
                waiting.append(other)
    return frozenset(found)


def packages(path: Path) -> set[str]:
    return {dotted.partition(".")[0] for dotted in imported(path)}


def legs_of(path: Path) -> set[str]:
    """The legs that a module imports from."""
    return {leg for leg in LEGS if any(dotted.startswith(f"app.{leg}") for dotted in imported(path))}


@pytest.mark.parametrize("leg", LEGS)
def test_no_leg_of_the_journey_imports_another(leg: str) -> None:
    paths = [path for path in MODULES if name_of(path).startswith(f"{leg}/")]
    assert paths
    for path in paths:
        assert legs_of(path) <= {leg}, path


def test_no_leg_reaches_another_through_a_module_in_between() -> None:
    for path in MODULES:
        leg = name_of(path).partition("/")[0]
        if leg in LEGS:
            others = {name_of(each).partition("/")[0] for each in reached(path)} & set(LEGS)
            assert others == {leg}, path


def test_the_legs_meet_where_a_reader_looks_for_it() -> None:
    places = {name_of(path) for path in MODULES if len(legs_of(path)) > 1}
    assert places <= MEETING_PLACES
    assert "wiring.py" in places


def test_only_the_log_and_what_starts_redis_know_redis() -> None:
    assert {name_of(path) for path in MODULES if "redis" in packages(path)} <= REDIS


def test_only_the_edges_know_the_web_framework() -> None:
    assert {name_of(path) for path in MODULES if "quart" in packages(path)} <= QUART


def test_only_the_edges_know_the_web_server() -> None:
    assert {name_of(path) for path in MODULES if "hypercorn" in packages(path)} <= {
        "run/drain.py",
        "run/lean_hypercorn.py",
        "run/mended_hypercorn.py",
    }


@pytest.mark.parametrize("name", PURE_BY_ITSELF)
def test_the_core_does_no_input_and_output(name: str) -> None:
    path = ROOT / "app" / name
    assert not packages(path) & DOES_IO
    assert "app.database" not in imported(path)
    assert not any(isinstance(node, ast.AsyncFunctionDef | ast.Await) for node in ast.walk(syntax(path)))


@pytest.mark.parametrize("name", PURE)
def test_nor_does_what_the_core_stands_on(name: str) -> None:
    for path in reached(ROOT / "app" / name):
        assert not packages(path) & DOES_IO, path


@pytest.mark.parametrize("leg", ["carry", "deliver", "read", "report"])
def test_only_senders_are_accepted_in_accept(leg: str) -> None:
    """The reverse of the journey: nothing downstream knows what a draft is."""
    for path in MODULES:
        if name_of(path).startswith(f"{leg}/"):
            assert not any(dotted.startswith("app.accept") for dotted in imported(path)), path


def test_nothing_of_the_service_needs_its_client() -> None:
    """But the command that uses it, when it is called."""
    for path in MODULES:
        if not name_of(path).startswith("sdk/"):
            at_start = {node.module for node in syntax(path).body if isinstance(node, ast.ImportFrom) and node.module}
            assert not any(module.startswith("app.sdk") for module in at_start), path
            assert name_of(path) == "commands.py" or not any(each.startswith("app.sdk") for each in imported(path)), (
                path
            )


def test_the_client_knows_the_service_from_outside() -> None:
    """`report` is what counts: what the service reports and what is read from its database is the same."""
    for path in MODULES:
        if name_of(path).startswith("sdk/"):
            assert legs_of(path) <= {"report"}, path


def test_carrying_knows_no_http() -> None:
    for path in MODULES:
        if name_of(path).startswith("carry/"):
            assert not packages(path) & {"quart", "hypercorn", "werkzeug", "sse_starlette"}, path


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is_and_fits_a_reader(path: Path) -> None:
    assert ast.get_docstring(syntax(path)), "it has no docstring"
    assert len(path.read_text().splitlines()) < LINES_MAX


def test_no_two_modules_import_each_other() -> None:
    def own(path: Path) -> set[Path]:
        # A package's `__init__` holds no code here, so it can close no circle that is not one without it.
        found = {file_of(dotted) for dotted in imported(path)}
        return {each for each in found if each is not None and each.name != "__init__.py"}

    for path in MODULES:
        for other in own(path):
            assert path not in reached(other), f"{name_of(path)} and {name_of(other)}"
