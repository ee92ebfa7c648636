"""The notebooks as they are kept: what they show came from the code beside it, and reads well without running."""

from __future__ import annotations

import ast
import base64
import getpass
import json
import re
import socket
import struct
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PATHS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
SIZE_MAX = 1_000_000
IMAGE_MAX = 200_000
WIDTH_MAX, HEIGHT_MAX = 1000, 900  # that a page shows without scrolling sideways, and a screen at once
# What a run could have left of where it ran. Loopback's address may be shown, its port is another one each time.
OF_A_MACHINE = (
    r"/(home|root|Users|tmp|work|var/folders)/",
    r"(127\.0\.0\.1|localhost):\d",
    r"\x1b\[",  # colours of a terminal
    r"[\w-]+\.ipynb_checkpoints",
    rf"(?i)\b{re.escape(socket.gethostname())}\b",
    rf"\b{re.escape(getpass.getuser())}\b",
)
Cell = Any


@cache
def tool() -> ModuleType:
    """What runs them. Imported where it is used: nbformat takes seconds, in every process that collects tests."""
    pytest.importorskip("nbclient", reason="the extra `lab` is not installed")
    return import_module("notebooks.execute")


@cache
def read(path: Path) -> Any:
    return tool().read(path)


def code_cells(path: Path) -> list[Any]:
    cells: list[Any] = tool().code_cells(read(path))
    return cells


def outputs(path: Path) -> list[Any]:
    return [output for cell in code_cells(path) for output in cell.outputs]


def images(cell: Cell) -> list[bytes]:
    return [
        base64.b64decode(output.data["image/png"]) for output in cell.outputs if "image/png" in output.get("data", {})
    ]


def tagged(path: Path, tag: str) -> list[Cell]:
    return [cell for cell in code_cells(path) if tag in cell.metadata.get("tags", ())]


def draws(cell: Cell) -> bool:
    return "plot.panel" in cell.source


def is_shown(cell: Cell) -> bool:
    """Whether a cell's last line is a value that Jupyter shows, or something is printed or drawn."""
    last = ast.parse(cell.source).body[-1]
    is_value = isinstance(last, ast.Expr) and isinstance(last.value, ast.Name | ast.Attribute | ast.Subscript)
    return is_value or re.search(r"^(print|display)\(", cell.source, re.MULTILINE) is not None or draws(cell)


def test_the_notebooks_are_there() -> None:
    assert PATHS


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
class TestANotebook:
    def test_shows_what_its_code_has_found(self, path: Path) -> None:
        notebook = read(path)
        digest = tool().code_sha256(notebook)
        assert notebook.metadata.get("code_sha256") == digest, "the code was changed since: make outputs"
        counts = [cell.execution_count for cell in code_cells(path)]
        assert counts == list(range(1, len(counts) + 1))

    def test_shows_no_error_and_no_warning(self, path: Path) -> None:
        for output in outputs(path):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output.text

    def test_shows_what_it_says_it_shows(self, path: Path) -> None:
        for cell in code_cells(path):
            assert bool(cell.outputs) or not is_shown(cell), cell.source
            assert bool(images(cell)) == draws(cell), cell.source

    def test_opens_with_what_it_answers(self, path: Path) -> None:
        first = read(path).cells[0]
        assert first.cell_type == "markdown"
        assert first.source.startswith("# ")
        assert len(first.source.splitlines()) > 2
        assert "?" in first.source, "a question tells best what is answered"

    def test_ends_with_a_verdict_that_is_good(self, path: Path) -> None:
        last = read(path).cells[-1]
        assert last.cell_type == "code"
        assert last.source.splitlines()[-1] == "verdict"
        assert last.outputs[-1].data["text/plain"].startswith("✔")

    def test_has_its_parameters_in_one_cell_that_papermill_can_set(self, path: Path) -> None:
        (cell,) = tagged(path, "parameters")
        assert cell is code_cells(path)[0], "what is read first can be changed first"
        for statement in ast.parse(cell.source).body:
            assert isinstance(statement, ast.Assign | ast.AnnAssign), "papermill replaces values, no more"
            assert statement.value is not None
            ast.literal_eval(statement.value)
        for line in cell.source.splitlines():
            assert "#" in line, f"what is it, in which unit, in which range: {line}"

    def test_tells_nothing_of_the_machine_that_it_ran_on(self, path: Path) -> None:
        for output in outputs(path):
            texts = [output.get("text", ""), *(text for kind, text in output.get("data", {}).items() if "text" in kind)]
            for text in texts:
                for pattern in OF_A_MACHINE:
                    assert re.search(pattern, text) is None, f"{pattern}: {text}"

    def test_changes_only_where_its_code_or_its_findings_do(self, path: Path) -> None:
        notebook = read(path)
        assert notebook.metadata == {
            "kernelspec": tool().KERNEL,
            "language_info": {"name": "python"},
            "code_sha256": tool().code_sha256(notebook),
        }, "it was saved by hand: make outputs"
        for number, cell in enumerate(notebook.cells):
            assert set(cell.metadata) <= {"tags"}
            assert cell.id == f"cell-{number}"
        assert not any("widget" in kind for output in outputs(path) for kind in output.get("data", {}))

    def test_is_small_enough_to_be_kept(self, path: Path) -> None:
        assert path.stat().st_size < SIZE_MAX
        for cell in code_cells(path):
            for image in images(cell):
                width, height = struct.unpack(">II", image[16:24])  # IHDR, PNG § 11.2.2
                assert len(image) < IMAGE_MAX
                assert width <= WIDTH_MAX
                assert height <= HEIGHT_MAX

    def test_is_written_as_the_tool_writes_it(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert text == json.dumps(json.loads(text), indent=1, ensure_ascii=False, sort_keys=True) + "\n"
